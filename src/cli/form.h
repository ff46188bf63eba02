/* SPDX-License-Identifier: ISC */
/* A key of the configuration, and the forms that values have. */
#ifndef CLI_FORM_H
#define CLI_FORM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/key.h"
#include "base/pool.h"

enum key_type {
	KEY_HOST,    /* a domain name or [address literal]; may be empty */
	KEY_HOSTS,   /* any number of them, commas or blanks between */
	KEY_ADDRESS, /* one mail address; may be empty */
	KEY_SENDERS, /* addresses or "@domain", any number of them */
	KEY_SPOOL,   /* an absolute path, none, or default */
	KEY_PATH,    /* an absolute path; may be empty */
	KEY_LOG,     /* syslog, stderr, or an absolute path */
	KEY_PRINTS,  /* SHA-256 fingerprints, any number of them */
	KEY_RELAY,   /* a section's name, or hosts: see route/relay.h */
	KEY_SERVER,  /* ip, ip:port or [ip]:port; may be empty */
	KEY_SOURCE,  /* an ip, or one of each family; may be empty */
	KEY_TEXT,    /* one line of anything; may be empty */
	KEY_SECRET,  /* where a password lies: see cli/logins.h */
	KEY_MECHS,   /* mechanisms of AUTH; may be empty */
	KEY_REWRITE, /* rules for senders: see mail/rewrite.h; may be empty */
	KEY_USERS,   /* see cli/may.h; may be empty */
	KEY_NUMBER,
	KEY_TIME, /* 500ms, 30, 30s, 5m, 2h, 1d; in ms */
	KEY_SIZE, /* 1000, 64k, 10M, 1G; in octets */
	KEY_WORD,
};

enum { KEY_SECOND = 1000, KEY_DAY = 24 * 60 * 60 * KEY_SECOND };

struct conf_key {
	unsigned in;
	enum key_type type;
	const char *name;
	size_t at;		 /* its place in the struct of its section */
	const char *standard;	 /* the default, as text */
	int64_t low, high;	 /* bounds of numbers */
	const struct key *words; /* ends with {NULL, 0} */
	const char *doc;
};

/* Stores value at `at` in the form of key k.  -1 with *e ("... is no ..."). */
int form_read(const struct conf_key *k, void *at, struct str value,
    struct pool *, struct err *) __attribute__((warn_unused_result));

/* Appends what is stored there, as form_read takes it. */
void form_write(struct buf *, const struct conf_key *k, const void *at);

#endif
