# SPDX-License-Identifier: ISC
"""GNU SASL as the server's side of AUTH, for lab.smtp(): the judge of logins that are tied to their channel.

No mail server of Debian 12 offers these (SCRAM-*-PLUS): Postfix tells neither Dovecot nor Cyrus SASL of its channel,
Dovecot 2.3 knows no binding, Exim is built without GNU SASL. scripts/setup unpacks the library aside.
"""

import base64
import ctypes
import os
import pathlib

from lab import TOP

ASIDE = pathlib.Path(os.environ.get("HANTAR_ASIDE", TOP / "build/aside")) / "sasl/root"
MECHANISMS = ["CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"]
PASSWORD, UNIQUE, EXPORTER = 3, 18, 25  # properties
OK, NEEDS_MORE = 0, 1


def library():
    for name in ("libidn.so.12", "libntlm.so.0", "libgssglue.so.1", "libgsasl.so.18"):
        (path,) = [*ASIDE.glob(f"usr/lib/*/{name}"), *pathlib.Path("/usr/lib").glob(f"*/{name}")][:1]
        last = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    return last


def exported(sock):
    """What RFC 9266 takes from a channel of TLS 1.3. Python does not ask OpenSSL for it; so it is asked here."""
    tls = ctypes.CDLL("libssl.so.3")
    inside = id(sock._sslobj) + object.__basicsize__ + ctypes.sizeof(ctypes.c_void_p)  # behind a pointer to the socket
    ssl = ctypes.c_void_p.from_address(inside)
    tls.SSL_get_version.restype = ctypes.c_char_p
    assert tls.SSL_get_version(ssl) == b"TLSv1.3" == sock.version().encode()
    out, label = ctypes.create_string_buffer(32), b"EXPORTER-Channel-Binding"
    assert tls.SSL_export_keying_material(ssl, out, ctypes.c_size_t(32), label, ctypes.c_size_t(len(label)), b"", ctypes.c_size_t(0), 1) == 1
    return out.raw


class Judge:
    """Knows one password; mechanisms that end in -PLUS get the binding of the channel, or one that is a lie."""

    def __init__(self, password, lie=False):
        self.lib, self.password, self.lie = library(), password, lie
        self.context = ctypes.c_void_p()
        assert self.lib.gsasl_init(ctypes.byref(self.context)) == OK
        self.said = []  # mechanism, the binding's kind, and the end

    def bind(self, session, sock):
        kind, data = UNIQUE, None
        if sock.version() == "TLSv1.3":
            kind, data = EXPORTER, exported(sock)
        else:
            data = sock.get_channel_binding("tls-unique")
        data = base64.b64encode(bytes(len(data)) if self.lie else data)
        assert self.lib.gsasl_property_set(session, kind, data) == OK
        return {UNIQUE: "tls-unique", EXPORTER: "tls-exporter"}[kind]

    def reply(self, peer, line):
        """For smtp(AUTH=...)."""
        words = line.split(" ")
        session = ctypes.c_void_p()
        assert self.lib.gsasl_server_start(self.context, words[1].encode(), ctypes.byref(session)) == OK, line
        assert self.lib.gsasl_property_set(session, PASSWORD, self.password.encode()) == OK
        bound = self.bind(session, peer.sock) if words[1].endswith("-PLUS") else ""
        result = self.converse(peer, session, words[2].replace("=", "", words[2] == "=") if len(words) > 2 else "")
        self.lib.gsasl_finish(session)
        self.said.append((words[1], bound, result))
        return "235 2.7.0 welcome" if result == OK else f"535 5.7.8 error {result} of GNU SASL"

    def converse(self, peer, session, text):
        while True:
            out = ctypes.c_char_p()
            result = self.lib.gsasl_step64(session, text.encode(), ctypes.byref(out))
            challenge = out.value.decode() if out.value else ""
            if result not in (OK, NEEDS_MORE) or (result == OK and not challenge):
                return result
            peer.say("334 " + challenge)
            text = peer.line()
            if text == "*":
                return "given up"
            if result == OK:
                return OK if text == "" else "an answer too many"
