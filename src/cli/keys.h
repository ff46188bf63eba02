/* SPDX-License-Identifier: ISC */
/* The table of keys of the configuration, and the forms of their values. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "base/key.h"
#include "cli/conf.h"

enum key_type {
	KEY_HOST,    /* a domain name or [address literal]; may be empty */
	KEY_HOSTS,   /* any number of them, commas or blanks between */
	KEY_ADDRESS, /* one mail address; may be empty */
	KEY_SPOOL,   /* an absolute path, or none */
	KEY_PATH,    /* an absolute path; may be empty */
	KEY_LOG,     /* syslog, stderr, or an absolute path */
	KEY_SERVER,  /* ip, ip:port or [ip]:port; may be empty */
	KEY_NUMBER,
	KEY_TIME, /* 500ms, 30, 30s, 5m, 2h, 1d; in ms */
	KEY_SIZE, /* 1000, 64k, 10M, 1G; in octets */
	KEY_WORD,
};

struct conf_key {
	const char *name;
	enum key_type type;
	size_t at;		 /* its place in struct conf */
	const char *standard;	 /* the default, as text */
	int64_t low, high;	 /* bounds of numbers */
	const struct key *words; /* ends with {NULL, 0} */
	const char *doc;
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_n;

/* The index of the key called name, or -1. */
int keys_find(struct str name);

/* Stores value in c in the form of key k.  -1 with *e ("... is no ..."). */
int keys_read(const struct conf_key *k, struct conf *c, struct str value,
    struct pool *, struct err *) __attribute__((warn_unused_result));

/* Appends the value of key k in c as keys_read takes it. */
void keys_write(struct buf *, const struct conf_key *k, const struct conf *c);

#endif
