/* SPDX-License-Identifier: ISC */
/* What -bv has found out about an address, for people and for programs. */
#ifndef CLI_VERIFY_SAY_H
#define CLI_VERIFY_SAY_H

#include "base/buf.h"
#include "route/relay.h"

/* What a word of a line, or of an object, says. */
enum verify_word {
	VERIFY_ADDRESS,
	VERIFY_OUTCOME,
	VERIFY_WHY,
	VERIFY_RELAY,
	VERIFY_HOSTS, /* by verify_put_host */
	VERIFY_TLS,
	VERIFY_AUTHORITIES,
	VERIFY_CERTIFICATE,
	VERIFY_USER,
	VERIFY_PASSWORD,
	VERIFY_BY,
	VERIFY_SOURCE,
	VERIFY_SENDER,
	VERIFY_ALIAS,
	VERIFY_WORDS,
};

/* A host of a relay, or, with its preference, one of the MX hosts. */
struct verify_host {
	struct relay_host at; /* its port is known */
	bool mx;
	unsigned preference;
	struct str as; /* whose name its certificate has to have; or empty */
};

/* Appends a host to those that are in b. */
void verify_put_host(struct buf *, const struct verify_host *, bool json);

/* Appends a line of what is not empty; or an object, with the status. */
void verify_say(
    struct buf *, const struct str text[VERIFY_WORDS], int status, bool json);

#endif
