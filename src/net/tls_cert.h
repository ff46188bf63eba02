/* SPDX-License-Identifier: ISC */
/* What stands in certificates, as text for people.  Part of net/tls. */
#ifndef NET_TLS_CERT_H
#define NET_TLS_CERT_H

#include <time.h>

#include "base/buf.h"
#include "net/demand.h"
#include "os/openssl.h"

enum { TLS_CERT_DATE = 32 };

/* "2026-11-25 03:00 UTC"; "" if it is no date. */
void tls_cert_date(char date[TLS_CERT_DATE], const ASN1_TIME *);

/* The same of an instant, in seconds since 1970. */
void tls_cert_time(char date[TLS_CERT_DATE], time_t);

/* How many seconds from now that is, less than none if it is over. */
int64_t tls_cert_left(const ASN1_TIME *);

/* SHA-256 of the certificate, and of its public key as it stands in it; false
 * if it cannot be had. */
bool tls_cert_print(const X509 *, unsigned char print[DEMAND_PRINT]);
bool tls_cert_key_print(const X509 *, unsigned char print[DEMAND_PRINT]);

/* Appends it as 64 digits. */
void tls_cert_hex(struct buf *, const unsigned char print[DEMAND_PRINT]);

/*
 * The names that it is for, at most max of them, each made inert: DNS names,
 * and with addresses also these.  How many there are of all kinds.
 */
size_t tls_cert_names(const X509 *, bool addresses, size_t max,
    void (*name)(void *ctx, struct str), void *ctx);

/* What net/tls.h has as tls_show. */
void tls_cert_show(const SSL *,
    void (*tell)(void *ctx, unsigned n, const char *what, struct str),
    void *ctx);

#endif
