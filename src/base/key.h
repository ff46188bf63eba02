/* SPDX-License-Identifier: ISC */
/* Tables of keywords. */
#ifndef BASE_KEY_H
#define BASE_KEY_H

#include "base/str.h"

struct key {
	const char *name;
	int value;
};

/*
 * The index in keys[0..n) of the entry called name, whatever the case of its
 * letters; -1 if there is none.
 */
int key_find(const struct key *keys, size_t n, struct str name);

/* The number of single-byte edits between a and b; SIZE_MAX past 64 bytes. */
size_t key_distance(struct str a, struct str b);

/* True if s is well-formed UTF-8 (RFC 3629: no overlong form, surrogate). */
bool key_is_utf8(struct str s);

#endif
