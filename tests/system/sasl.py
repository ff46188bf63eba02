# SPDX-License-Identifier: ISC
"""The server's side of SASL for lab.smtp(): a function for its reply to AUTH."""

import base64
import hashlib
import hmac

CHALLENGE = b"<1896.697170952@post.test>"


def code(data):
    return base64.b64encode(data).decode()


class Exchange:
    """One AUTH: asks and hears, and says at the end whether it was right."""

    def __init__(self, peer, line, user, password, changes):
        self.peer, self.user, self.password, self.changes = peer, user, password, changes
        words = line.split(" ")
        self.mechanism = words[1].upper()
        self.first = words[2] if len(words) > 2 else None

    def ask(self, challenge):
        """The response to a challenge."""
        self.peer.say("334 " + code(challenge))
        line = self.peer.line()
        self.peer.server.commands.append(line)
        return b"*" if line == "*" else base64.b64decode(line, validate=True)

    def initial(self):
        if self.first is None:
            return self.ask(b"")
        return b"" if self.first == "=" else base64.b64decode(self.first, validate=True)

    def plain(self):
        return self.initial() == f"\0{self.user}\0{self.password}".encode()

    def login(self):
        return self.ask(b"Username:") == self.user.encode() and self.ask(b"Password:") == self.password.encode()

    def cram(self):
        digest = hmac.new(self.password.encode(), CHALLENGE, "md5").hexdigest()
        return self.ask(CHALLENGE) == f"{self.user} {digest}".encode()

    def xoauth(self):
        if self.initial() == f"user={self.user}\1auth=Bearer {self.password}\1\1".encode():
            return True
        return self.ask(b'{"status":"401"}') is None

    def bearer(self):
        host, port = self.changes["name"]
        wanted = f"n,a={self.user},\1host={host}\1port={port}\1auth=Bearer {self.password}\1\1"
        if self.initial() == wanted.encode():
            return True
        return self.ask(b'{"status":"invalid_token"}') != b"\1"

    def scram(self):
        name = "sha1" if "SHA-1" in self.mechanism else "sha256"
        header, _, bare = self.initial().partition(b",,")
        fields = dict(part.split(b"=", 1) for part in bare.split(b","))
        assert fields[b"n"] == self.user.encode().replace(b"=", b"=3D").replace(b",", b"=2C")
        binding = b""
        if self.mechanism.endswith("-PLUS"):
            binding = self.peer.sock.get_channel_binding("tls-unique")
            assert header == b"p=tls-unique"
        else:
            assert header in self.changes.get("header", (b"n", b"y"))
        salt, rounds = b"saltsaltsalt", self.changes.get("rounds", 4096)
        nonce = self.changes.get("nonce", fields[b"r"] + b"server")
        first = b"r=%s,s=%s,i=%d" % (nonce, code(salt).encode(), rounds)
        final = self.ask(first)
        if final == b"*":
            return False
        without, _, proof = final.rpartition(b",p=")
        assert without == b"c=%s,r=%s" % (code(header + b",," + binding).encode(), nonce)
        message = b",".join([bare, first, without])

        def mac(key, text):
            return hmac.new(key, text, name).digest()

        salted = hashlib.pbkdf2_hmac(name, self.password.encode(), salt, rounds)
        key = mac(salted, b"Client Key")
        signature = mac(hashlib.new(name, key).digest(), message)
        if bytes(a ^ b for a, b in zip(key, signature)) != base64.b64decode(proof):
            return False
        verifier = mac(mac(salted, b"Server Key"), message)
        return self.ask(b"v=" + code(self.changes.get("verifier", verifier)).encode()) == b""

    def judge(self):
        kind = {"PLAIN": self.plain, "LOGIN": self.login, "CRAM-MD5": self.cram}
        kind.update({"XOAUTH2": self.xoauth, "OAUTHBEARER": self.bearer})
        return kind.get(self.mechanism, self.scram)()


def auth(user, password, **changes):
    """A reply to AUTH: "235" to who knows the password of the user, else "535"."""

    def reply(peer, line):
        right = Exchange(peer, line, user, password, changes).judge()
        return "235 2.7.0 welcome" if right else "535 5.7.8 wrong"

    return reply
