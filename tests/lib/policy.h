/* SPDX-License-Identifier: ISC */
/*
 * A host that has decided what OpenSSL may do.  The library reads its
 * configuration once, so that a test of this comes before all others in its
 * program that need the library.
 */
#ifndef LIB_POLICY_H
#define LIB_POLICY_H

/* Nothing but approved digests, and no provider is there that has one. */
extern const char POLICY_APPROVED[];

/* Runs f in a child (see child.h) whose openssl.cnf is that text. */
int policy_run(const char *openssl_cnf, int (*f)(void));

#endif
