/* SPDX-License-Identifier: ISC */
/*
 * Character classes that no locale changes, and tables of keywords.
 */
#ifndef BASE_KEY_H
#define BASE_KEY_H

#include "base/str.h"

static inline char
key_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
key_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
key_is_letter(char c)
{
	return key_lower(c) >= 'a' && key_lower(c) <= 'z';
}

/* Printable ASCII, the space not included. */
static inline bool
key_is_graph(char c)
{
	return c > 32 && c < 127;
}

/* A byte of a multi-byte UTF-8 character (or of anything else not ASCII). */
static inline bool
key_is_high(char c)
{
	return (unsigned char)c >= 128;
}

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
