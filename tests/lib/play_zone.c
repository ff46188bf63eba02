/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <limits.h>

#include "base/key.h"
#include "play_inside.h"
#include "words.h"
#include "zone.h"

static const struct key types[] = {
    {"A", 1},
    {"NS", 2},
    {"CNAME", 5},
    {"SOA", 6},
    {"MX", 15},
    {"TXT", 16},
    {"AAAA", 28},
    {"SRV", 33},
    {"TLSA", 52},
};

static const struct key rcodes[] = {
    {"nodata", 0},
    {"formerr", 1},
    {"servfail", 2},
    {"nxdomain", 3},
    {"notimp", 4},
    {"refused", 5},
};

/* A word without value; false if it is none of them. */
static bool
read_flag(struct str word, struct rr *r)
{
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {
	    {"tc", &r->truncated},
	    {"notcp", &r->no_tcp},
	    {"garbage", &r->garbage},
	    {"otherid", &r->other_id},
	    {"othername", &r->other_name},
	    {"ad", &r->ad},
	    {"lone", &r->lone},
	};
	int i = key_find(rcodes, COUNT(rcodes), word);

	if (i >= 0) {
		r->rcode = (unsigned)rcodes[i].value;
		return true;
	}
	for (size_t k = 0; k < COUNT(flags); k++)
		if (str_eq(word, str_c(flags[k].word)))
			return *flags[k].flag = true;
	if (!str_eq(word, STR("drop")))
		return false;
	r->drops = UINT_MAX;
	return true;
}

/* "drop=2", "delay=3s" or a flag. */
static bool
read_manner(struct str word, struct rr *r)
{
	uint64_t n;

	if (str_starts(word, STR("delay=")))
		return words_time(str_slice(word, 6, word.n), &r->delay);
	if (!str_starts(word, STR("drop=")))
		return read_flag(word, r);
	if (!str_number(str_slice(word, 5, word.n), 1000, &n))
		return false;
	r->drops = (unsigned)n;
	return true;
}

/* Appends "10 mx1.test" of an MX record; "null" is 0 and the root. */
static bool
put_mx(struct buf *b, struct str first, struct str *rest)
{
	uint64_t n = 0;
	struct str name = STR(".");

	if (!str_eq(first, STR("null"))) {
		if (!str_number(first, 65535, &n))
			return false;
		name = words_next(rest);
	}
	buf_byte(b, (char)(n >> 8));
	buf_byte(b, (char)n);
	return zone_name(b, name);
}

/*
 * Appends "10 5 587 mail.test" of an SRV record.  The port of all servers is
 * written "*": the world fills it in.
 */
static bool
put_srv(struct buf *b, struct str priority, struct str *rest)
{
	struct str words[3] = {priority, words_next(rest), words_next(rest)};

	for (size_t i = 0; i < COUNT(words); i++) {
		uint64_t n = PLAY_ANY_PORT;

		if (!(i == 2 && str_eq(words[i], STR("*"))) &&
		    !str_number(words[i], 65535, &n))
			return false;
		zone_put(b, (unsigned)n);
	}
	return zone_name(b, words_next(rest));
}

static bool
put_address(struct buf *b, unsigned type, struct str word)
{
	char text[64];
	unsigned char bytes[16];
	int family = type == 1 ? AF_INET : AF_INET6;

	if (word.n >= sizeof(text))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = '\0';
	if (inet_pton(family, text, bytes) != 1)
		return false;
	buf_add(b, str_of((const char *)bytes, type == 1 ? 4 : 16));
	return true;
}

/* "hex 0011", the bytes of any type. */
static bool
put_hex(struct buf *b, struct str digits)
{
	for (size_t i = 0; i + 1 < digits.n; i += 2) {
		char escape[4] = {'\\', 'x', digits.p[i], digits.p[i + 1]};

		words_unescape(b, str_of(escape, 4));
	}
	return digits.n % 2 == 0;
}

/* The data of a record, of which first is the first word. */
static bool
put_data(struct buf *b, unsigned type, struct str first, struct str *rest)
{
	if (str_eq(first, STR("hex")))
		return put_hex(b, words_next(rest));
	switch (type) {
	case 15:
		return put_mx(b, first, rest);
	case 33:
		return put_srv(b, first, rest);
	case 1:
	case 28:
		return put_address(b, type, first);
	case 16:
		buf_byte(b, (char)first.n);
		buf_add(b, first);
		return first.n < 256;
	default:
		return zone_name(b, first);
	}
}

unsigned
play_type(struct str name)
{
	int i = key_find(types, COUNT(types), name);

	return i < 0 ? 0 : (unsigned)types[i].value;
}

int
play_record(const struct line *line, struct str rest, struct pool *pool,
    struct rr *r, struct err *e)
{
	struct str word, type;
	struct buf data;

	r->line = line;
	r->name = words_next(&rest);
	type = words_next(&rest);
	r->type = play_type(type);
	if (r->type == 0)
		return play_bad(e, line, "no such type", type);
	while ((word = words_next(&rest)).n > 0 && read_manner(word, r))
		;
	if (word.n == 0)
		return 0;
	buf_init(&data, 65535);
	r->real = put_data(&data, r->type, word, &rest);
	r->data = pool_str(pool, buf_str(&data));
	buf_free(&data);
	while (r->real && (word = words_next(&rest)).n > 0)
		r->real = read_manner(word, r);
	return r->real ? 0 : play_bad(e, line, "not understood", word);
}
