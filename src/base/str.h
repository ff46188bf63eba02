/* SPDX-License-Identifier: ISC */
/*
 * A view of bytes that somebody else owns.  Passed by value; may hold any
 * byte, NUL too; never written through.  This is the lowest header of the
 * house: it knows nothing but bytes.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf: "%.*s", STR_ARG(s).  Evaluates its argument twice. */
#define STR_ARG(s) str_width(s), ((s).p ? (s).p : "")

static inline struct str
str_of(const char *p, size_t n)
{
	return (struct str){p, n};
}

/* A negative width would print up to the next '\0'. */
static inline int
str_width(struct str s)
{
	return s.n < INT_MAX ? (int)s.n : INT_MAX;
}

/* The view of a C string; NULL gives the empty view. */
static inline struct str
str_c(const char *c)
{
	return (struct str){c, c ? strlen(c) : 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal, but for the case of ASCII letters. */
bool str_ieq(struct str a, struct str b);

/* Less than, equal to or greater than 0: by bytes, a prefix first. */
int str_compare(struct str a, struct str b);

/* True if s begins with prefix; str_istarts ignores the case of ASCII. */
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);

/* True if no byte of s has its high bit set. */
bool str_is_ascii(struct str s);

/* The bytes [from, to) of s; bounds beyond its end are cut to it. */
struct str str_slice(struct str s, size_t from, size_t to);

/* s without the blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* The index of byte c in s, or s.n if there is none. */
size_t str_find(struct str s, char c);

/*
 * Takes the part of *rest before the next c, and moves *rest behind that c.
 * False when *rest was at its end (p == NULL marks an exhausted rest).
 */
bool str_split(struct str *rest, char c, struct str *part);

/*
 * Takes the next word of *rest, and moves *rest to what follows it.  Any of
 * the separators, any number of them, stand around words.  False when there
 * is none.
 */
bool str_word(struct str *rest, const char *separators, struct str *word);

/*
 * A decimal number without sign, blank or overflow, at most max.  False and
 * *value untouched otherwise.
 */
bool str_number(struct str s, uint64_t max, uint64_t *value);

#endif
