/* SPDX-License-Identifier: ISC */
/* What is wrong with a certificate, in words. Part of net/tls. */
#ifndef NET_TLS_JUDGE_H
#define NET_TLS_JUDGE_H

#include "base/err.h"
#include "net/demand.h"
#include "os/openssl.h"

/* The first of the connection's ex_data, while it shakes hands. */
struct tls_judge {
	struct str name;  /* the host's, */
	struct str other; /* or this; or empty */
	bool look;	  /* whatever is wrong, the handshake goes on */
	struct err fault; /* what is wrong first, and what to do about it */
};

/* OpenSSL's callback: keeps the first fault that it finds. */
int tls_judge_chain(int good, X509_STORE_CTX *);

/* Has the host shown one of the certificates whose fingerprints are known? */
int tls_judge_print(SSL *, const struct demand *, struct err *)
    __attribute__((warn_unused_result));

#endif
