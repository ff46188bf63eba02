# SPDX-License-Identifier: ISC
"""Dovecot, which wants to know who sends: as a submission service of its own, and for Postfix.

It was unpacked aside by scripts/setup, and runs in the servers' network with a view of the file
system of its own. Its submission service, SUBMISSION, hands what it takes to the lab's Postfix;
the lab's Postfix asks it about who comes to its port POSTFIX.
"""

import base64
import hmac
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import certs
from judges import wait_for
from lab import TOP

ASIDE = pathlib.Path(os.environ.get("HANTAR_ASIDE", TOP / "build/aside")) / "logins/root"
SUBMISSION = "198.18.0.9:587"
POSTFIX = "198.18.0.8:587"
MECHANISMS = ["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]
TOKENS = ["XOAUTH2", "OAUTHBEARER"]
KEY = b"what signs the tokens"

# As in judges.py: from the client's view, since the kernel stacks no third overlay.
VIEW = r"""
set -eu
mkdir -p /run/lab/logins
mount --bind "$1" /run/lab/logins
mount -t overlay -o lowerdir=/run/lab/logins/usr:/usr logins /usr
exec dovecot -F -c "$2" </dev/null
"""

CONFIG = """
base_dir = /run/lab/sasl/base
state_dir = /run/lab/sasl/base
protocols = submission
log_path = {state}/log.dovecot
default_internal_user = mailbox
default_internal_group = mailbox
default_login_user = postfix
ssl = required
ssl_cert = </run/lab/state/tls/cert.pem
ssl_key = </run/lab/state/tls/key.pem
ssl_dh =
disable_plaintext_auth = yes
auth_mechanisms = {mechanisms} {tokens} external
ssl_ca = </run/lab/sasl/ca.pem
ssl_require_crl = no
ssl_verify_client_cert = yes
auth_ssl_username_from_cert = yes
auth_failure_delay = 0
hostname = submission.test
submission_relay_host = 198.18.0.3
submission_relay_port = 25
service submission-login {{
  chroot =
  inet_listener submission {{
    address = 198.18.0.9
    port = 587
  }}
}}
# Who was wrong before would have to wait.
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  unix_listener /run/lab/sasl/auth {{
    mode = 0666
  }}
}}
passdb {{
  driver = passwd-file
  mechanisms = {mechanisms}
  args = scheme=PLAIN username_format=%u /run/lab/sasl/users
}}
passdb {{
  driver = oauth2
  mechanisms = {tokens}
  args = /run/lab/sasl/oauth2
}}
passdb {{
  driver = static
  mechanisms = external
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mailbox gid=mailbox home=/run/lab/sasl/home
}}
mail_location = maildir:/run/lab/sasl/home
"""

# Whose tokens it takes it knows itself: it has the key.
OAUTH2 = """
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=/run/lab/sasl/keys/
username_attribute = sub
"""


def token(name, key=KEY):
    """One that says who comes (RFC 7519)."""

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"sub": name, "iat": now - 10, "exp": now + 3600}
    signed = b".".join(part(json.dumps(words).encode()) for words in ({"typ": "JWT", "alg": "HS256"}, claims))
    return b".".join([signed, part(hmac.digest(key, signed, "sha256"))]).decode()


class Dovecot:
    """While it runs, who is in users (name to password) may send; more is what else it is told."""

    def __init__(self, lab, users, more=""):
        self.lab = lab
        top = lab.proc.parent / "run/lab/sasl"
        (top / "home").mkdir(parents=True, exist_ok=True)
        os.chown(top / "home", 64103, 64103)
        shutil.rmtree(top / "ca", ignore_errors=True)
        (top / "ca").mkdir()
        # Who has a certificate of this authority is who it says.
        self.authority = certs.Authority(top / "ca", "logins")
        (top / "ca.pem").write_bytes(self.authority.pem.read_bytes())
        (top / "oauth2").write_text(OAUTH2)
        (top / "keys/default/HS256").mkdir(parents=True, exist_ok=True)
        (top / "keys/default/HS256/default").write_bytes(base64.b64encode(KEY))
        (top / "users").write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
        text = CONFIG.format(state="/run/lab/state", mechanisms=" ".join(MECHANISMS).lower(), tokens=" ".join(TOKENS).lower())
        (top / "conf").write_text(text + more)
        net = lab.server[1]  # the servers' network, but none of their mounts
        enter = ["nsenter", "-t", lab.init, "-m", "-p", "-u", "-i", net, "--", "unshare", "--mount"]
        self.process = subprocess.Popen([*enter, "sh", "-c", VIEW, "sh", ASIDE, "/run/lab/sasl/conf"])
        wait_for("dovecot answers", self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.lab.state / "log.dovecot").read_text()
        with self.lab.server_socket(socket.AF_INET) as sock:
            return sock.connect_ex(("198.18.0.9", 587)) == 0

    def stop(self):
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        self.process.wait(10)
