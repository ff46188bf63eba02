# SPDX-License-Identifier: ISC
"""Dovecot, which wants to know who sends: as a submission service of its own, and for Postfix. And
as one that has mailboxes, to which LMTP leads.

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

# The mailboxes, at a port and at a socket, the one that the client sees.
LMTP = "198.18.0.9:24"
SOCKET = "/run/lab/mailboxes/lmtp"
MAILBOXES = """
base_dir = /run/lab/mailboxes/base
state_dir = /run/lab/mailboxes/base
protocols = lmtp
log_path = /run/lab/state/log.mailboxes
default_internal_user = mailbox
default_internal_group = mailbox
default_login_user = postfix
ssl = yes
ssl_cert = </run/lab/state/tls/cert.pem
ssl_key = </run/lab/state/tls/key.pem
ssl_dh =
service anvil {
  chroot =
}
service lmtp {
  unix_listener /run/lab/mailboxes/lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 198.18.0.9
    port = 24
  }
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u /run/lab/mailboxes/users
}
userdb {
  driver = static
  args = uid=mailbox gid=mailbox home=/run/lab/mailboxes/home/%n
}
mail_location = maildir:/run/lab/mailboxes/home/%n
lda_mailbox_autocreate = yes
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


class Running:
    """It, while it runs in a folder of /run/lab by a configuration, and listens at a port."""

    def __init__(self, lab, name, port):
        self.lab, self.name, self.port = lab, name, port
        self.top = lab.proc.parent / "run/lab" / name
        (self.top / "home").mkdir(parents=True, exist_ok=True)
        os.chown(self.top / "home", 64103, 64103)

    def start(self, users, text):
        (self.top / "users").write_text("".join(f"{name}:{password}\n" for name, password in users.items()))
        (self.top / "conf").write_text(text)
        net = self.lab.server[1]  # the servers' network, but none of their mounts
        enter = ["nsenter", "-t", self.lab.init, "-m", "-p", "-u", "-i", net, "--", "unshare", "--mount"]
        self.process = subprocess.Popen([*enter, "sh", "-c", VIEW, "sh", ASIDE, f"/run/lab/{self.name}/conf"])
        wait_for("dovecot answers", self.answers)

    def answers(self):
        assert self.process.poll() is None, (self.lab.state / "log.dovecot").read_text()
        with self.lab.server_socket(socket.AF_INET) as sock:
            return sock.connect_ex(("198.18.0.9", self.port)) == 0

    def stop(self):
        for child in pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        self.process.wait(10)


class Dovecot(Running):
    """While it runs, who is in users (name to password) may send; more is what else it is told."""

    def __init__(self, lab, users, more=""):
        super().__init__(lab, "sasl", 587)
        top = self.top
        shutil.rmtree(top / "ca", ignore_errors=True)
        (top / "ca").mkdir()
        # Who has a certificate of this authority is who it says.
        self.authority = certs.Authority(top / "ca", "logins")
        (top / "ca.pem").write_bytes(self.authority.pem.read_bytes())
        (top / "oauth2").write_text(OAUTH2)
        (top / "keys/default/HS256").mkdir(parents=True, exist_ok=True)
        (top / "keys/default/HS256/default").write_bytes(base64.b64encode(KEY))
        text = CONFIG.format(state="/run/lab/state", mechanisms=" ".join(MECHANISMS).lower(), tokens=" ".join(TOKENS).lower())
        self.start(users, text + more)


class Mailboxes(Running):
    """While it runs, these users of a domain have mailboxes."""

    def __init__(self, lab, users, more=""):
        super().__init__(lab, "mailboxes", 24)
        self.start(dict.fromkeys(users, "unused"), MAILBOXES + more)

    def take(self, user):
        """The messages in a mailbox, which is empty then, as they came but for the lines that Dovecot puts before."""
        paths = sorted((self.top / "home" / user / "new").glob("*"))
        found = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return found
