# SPDX-License-Identifier: ISC
"""Certificate authorities of the tests' own, made by openssl(1)."""

import hashlib
import ssl
import subprocess
import types

# A configuration of OpenSSL with which it speaks TLS 1.0.
OLD = """
openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = DEFAULT@SECLEVEL=0
"""
CONFIG = """\
[ca]
default_ca = this
[this]
dir = {folder}
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
x509_extensions = {extensions}
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
[authority]
basicConstraints = critical, CA:TRUE
"""
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*args):
    return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True).stdout


class Authority:
    """Signs certificates, for itself or, below a parent, in a chain."""

    def __init__(self, folder, name, parent=None, subject=None):
        self.folder, self.parent = folder / name, parent
        subject = subject or f"CN={name}"
        self.folder.mkdir()
        self.pem, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("01\n")
        if parent:
            request = self.folder / "ca.csr"
            openssl("req", *KEY, "-subj", f"/{subject}", "-keyout", self.key, "-out", request)
            parent.sign(request, self.pem, "authority")
        else:
            openssl("req", "-x509", *KEY, "-days", 30, "-subj", f"/{subject}", "-keyout", self.key, "-out", self.pem)

    def renamed(self, name):
        """The same authority, as somebody else writes its name."""
        out = self.folder / "renamed.pem"
        openssl("req", "-x509", "-key", self.key, "-days", 30, "-subj", f"/{name}", "-out", out)
        return out

    def sign(self, request, out, extensions="leaf", start=None, end=None):
        config = self.folder / "config"
        config.write_text(CONFIG.format(folder=self.folder, extensions=extensions))
        dates = [*(["-startdate", start] if start else []), *(["-enddate", end] if end else ["-days", 20])]
        openssl("ca", "-batch", "-notext", "-config", config, "-cert", self.pem, "-keyfile", self.key, "-in", request, "-out", out, *dates)

    def chain(self):
        """The certificates between what it signs and the root."""
        return self.pem.read_bytes() + self.parent.chain() if self.parent else b""

    def issue(self, name, names, **dates):
        """A certificate for these names ("DNS:a.test", "IP:192.0.2.1"), its key and chain, in one file."""
        key, request, leaf = (self.folder / f"{name}.{end}" for end in ("key", "csr", "leaf"))
        alt = ["-addext", "subjectAltName=" + ",".join(names)] if names else []
        openssl("req", *KEY, "-subj", f"/CN={name}", *alt, "-keyout", key, "-out", request)
        self.sign(request, leaf, **dates)
        out = self.folder / f"{name}.pem"
        out.write_bytes(leaf.read_bytes() + self.chain() + key.read_bytes())
        return out


def itself(folder, name, names):
    """A certificate that is signed by itself, and its key, in one file."""
    key, leaf, out = folder / f"{name}.key", folder / f"{name}.leaf", folder / f"{name}.pem"
    openssl("req", "-x509", *KEY, "-days", 30, "-subj", f"/CN={name}", "-addext", "subjectAltName=" + ",".join(names), "-keyout", key, "-out", leaf)
    out.write_bytes(leaf.read_bytes() + key.read_bytes())
    return out


def context(pem, client=None, key=None):
    """What a scripted server shows; client: of whom it wants a certificate, too; key: where it is, if not in the same file."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem, key)
    if client:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(client)
    return made


def fingerprint(pem, of_key=False, colons=False):
    """SHA-256 of the first certificate of a file, or of its public key; with colons and in capitals if that is wanted."""
    if of_key:
        public = openssl("x509", "-in", pem, "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, check=True, capture_output=True).stdout
    else:
        der = openssl("x509", "-in", pem, "-outform", "DER")
    digest = hashlib.sha256(der)
    return digest.digest().hex(":").upper() if colons else digest.hexdigest()


HUB = "hub.home.test"  # at 198.18.0.20


def make_all(folder):
    """A root that is trusted, an authority below it, another that nobody knows, and what they have signed."""
    root = Authority(folder, "root")
    below = Authority(folder, "below", root)
    other = Authority(folder, "other")
    names = ["DNS:" + HUB, "IP:198.18.0.20"]
    return types.SimpleNamespace(
        folder=folder,
        root=root,
        good=below.issue("good", names),
        wild=root.issue("wild", ["DNS:*.home.test"]),
        common=root.issue(HUB, []),
        foreign=root.issue("foreign", ["DNS:www.example.org", "DNS:example.org"]),
        partly=root.issue("partly", ["DNS:h*.home.test"]),
        far=root.issue("far", ["DNS:*.test"]),
        expired=root.issue("expired", names, start="20200101000000Z", end="20210101000000Z"),
        early=root.issue("early", names, start="20400101000000Z", end="20410101000000Z"),
        unknown=other.issue("unknown", names),
        itself=itself(folder, "itself", names),
    )
