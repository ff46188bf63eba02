/* SPDX-License-Identifier: ISC */
/* The table of keys of the configuration, and of its sections. */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "cli/form.h"
#include "cli/values.h"

/* Where a key may stand: bits of conf_key.in. */
#define IN(section) (1U << (section))
enum {
	IN_MAIN = 1U << CONF_MAIN,
	IN_RELAY = 1U << CONF_RELAY,
	IN_ROUTE = 1U << CONF_ROUTE,
};

extern const struct conf_key conf_keys[];
extern const size_t conf_keys_n;

/* Sections that have names: where struct conf has its list of them. */
struct conf_kind {
	const char *word; /* NULL: the main one, which has no name */
	size_t size;	  /* of one; it begins with a struct conf_head */
	size_t list, n;	  /* offsets in struct conf */
};

extern const struct conf_kind conf_kinds[CONF_SECTIONS];

/* The index of the key called name in sections of this kind, or -1. */
int keys_find(enum conf_section, struct str name);

/*
 * Stores value in the section in the form of key k.  -1 with *e ("... is no
 * ...").
 */
int keys_read(const struct conf_key *k, struct conf_scope, struct str value,
    struct pool *, struct err *) __attribute__((warn_unused_result));

/* Appends the value of key k in the section as keys_read takes it. */
void keys_write(struct buf *, const struct conf_key *k, struct conf_scope);

/* All keys of the section at their defaults. */
void keys_default(struct conf_scope, struct pool *);

#endif
