/* SPDX-License-Identifier: ISC */
/* Character classes that no locale changes. */
#ifndef BASE_CHAR_H
#define BASE_CHAR_H

#include <stdbool.h>

static inline char
char_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
char_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
char_is_letter(char c)
{
	return char_lower(c) >= 'a' && char_lower(c) <= 'z';
}

/* Printable ASCII, the space not included. */
static inline bool
char_is_graph(char c)
{
	return c > 32 && c < 127;
}

/* A byte of a multi-byte UTF-8 character (or of anything else not ASCII). */
static inline bool
char_is_high(char c)
{
	return (unsigned char)c >= 128;
}

#endif
