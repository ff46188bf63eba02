/* SPDX-License-Identifier: ISC */
/* The words addresses are made of: for addr.c alone. */
#ifndef MAIL_ADDR_SCAN_H
#define MAIL_ADDR_SCAN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

/* What words have been read so far. */
struct words {
	struct buf local;  /* as a local part: content and dots */
	struct buf phrase; /* as a display name: words and single spaces */
	bool proper;	   /* words and dots alternate */
	bool want_word;	   /* at the start or behind a dot */
	bool any;
	size_t from, to; /* where they are in the text, if any */
};

struct scan {
	struct str text;
	size_t at;
	bool group; /* between ':' and ';' */
	struct pool *pool;
	struct err *e;
	struct words words;
	struct buf domain;
	size_t domain_to; /* behind its last byte */
};

void scan_init(struct scan *, struct pool *, struct str text, struct err *);
void scan_free(struct scan *);

/* The next byte; '\0' at the end, and for a NUL. */
char scan_peek(const struct scan *);
bool scan_at_end(const struct scan *);

/* An error, with the part of the text around it.  Returns -1. */
int scan_wrong(struct scan *, const char *what);

/*
 * Each passes over what its name says and returns 0, or -1 with the error.
 *
 * blanks: white space and comments; words: words, quoted strings and dots,
 * up to something else, into s->words; domain: what stands behind an '@',
 * into s->domain.
 */
int scan_blanks(struct scan *);
int scan_words(struct scan *);
int scan_domain(struct scan *);

/* Forgets the words and the domain. */
void scan_restart(struct scan *);

/* Something did not fit. */
bool scan_overflowed(const struct scan *);

/* RFC 5322, 3.2.3, and bytes of UTF-8 (RFC 6532). */
bool scan_is_atext(char c);

#endif
