/* SPDX-License-Identifier: ISC */
/* What --tls-test has seen of a host, for people and for programs. */
#ifndef CLI_TLS_SAY_H
#define CLI_TLS_SAY_H

#include "base/buf.h"
#include "mail/errand.h"

/* As agent/probe.h has them. */
struct tls_fact {
	struct str word;
	uint32_t number;
	struct str text;
};

struct tls_host {
	struct str name; /* as it is configured */
	struct str ip;	 /* that answered; empty: none */
	unsigned port;	 /* 0: it is a socket of this host */
	bool encrypted;	 /* from the first byte */
	struct tls_fact *fact;
	size_t n;
	enum tls_level asked; /* by the configuration */
	unsigned levels;      /* that would do: 1U << each */
	struct str trouble;   /* why it was not seen to its end; or empty */
	int status;	      /* of the program, if it were the only one */
};

/* "verify", as the key tls has it. */
const char *tls_level_word(enum tls_level);

/* The first fact with this word and number; NULL: there is none. */
const struct tls_fact *tls_fact(
    const struct tls_host *, const char *word, uint32_t number);

void tls_say_text(struct buf *, const struct tls_host *);
/* One object, in one line. */
void tls_say_json(struct buf *, const struct tls_host *);

#endif
