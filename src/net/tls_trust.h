/* SPDX-License-Identifier: ISC */
/*
 * The authorities whose signatures count.  Their certificates are read as they
 * lie there, before the process locks itself in, and searched: to parse all of
 * them, as OpenSSL does, would cost ten times what the rest of a handshake
 * does.  Part of net/tls.
 */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include <time.h>

#include "base/err.h"
#include "os/openssl.h"

struct trust;

/*
 * Reads a file of PEM certificates, or all such files of a folder; empty: those
 * of the system.  OpenSSL must be loaded.  What was read last is kept, and
 * inherited by children.  NULL with *e if there is none.
 */
struct trust *trust_read(struct str path, struct err *);

/* When what was read last was written, in seconds since 1970; 0: never. */
time_t trust_written(void);

/* Makes the store look there for what it does not have. */
int trust_use(struct trust *, X509_STORE *, struct err *)
    __attribute__((warn_unused_result));

#endif
