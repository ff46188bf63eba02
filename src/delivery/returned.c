/* SPDX-License-Identifier: ISC */
#include "delivery/returned.h"

#include "mail/dsn.h"
#include "mail/head.h"
#include "os/file.h"
#include "os/sys.h"

enum { BLOCK = 16384, HEADER_SEEN = 1 << 18 };

/* Reads the block at `at`, as much of it as there should be. */
static int
read_block(const struct content *c, uint64_t at, char block[BLOCK], size_t *n,
    struct err *e)
{
	uint64_t left = c->size - at;
	ssize_t got;

	*n = left < BLOCK ? (size_t)left : BLOCK;
	got = sys_pread(c->fd, block, *n, (off_t)at);
	if (got < 0)
		return err_sys(e, "cannot read the message");
	if (got == 0)
		return err_set(e, ERR_SYNTAX, "the message has lost its end");
	*n = (size_t)got;
	return 0;
}

/* *end becomes the number of octets before the empty line. */
static int
find_body(const struct content *c, uint64_t *end, struct err *e)
{
	static const char empty[] = "\r\n\r\n";
	char block[BLOCK];
	unsigned matched = 2; /* as if a line had just ended */
	size_t n;

	for (uint64_t at = 0; at < c->size; at += n) {
		if (read_block(c, at, block, &n, e) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			if (block[i] == empty[matched])
				matched++;
			else
				matched = block[i] == '\r';
			if (matched == 4) {
				*end = at + i - 1;
				return 0;
			}
		}
	}
	*end = c->size;
	return 0;
}

int
returned_copy(int to, const struct content *content, enum dsn_returned what,
    uint64_t *put, struct err *e)
{
	struct content part = *content;
	char block[BLOCK];
	size_t n;

	if (what == DSN_NOTHING)
		return 0;
	if (what == DSN_HEADER && find_body(content, &part.size, e) < 0)
		return -1;
	for (uint64_t at = 0; at < part.size; at += n) {
		if (read_block(&part, at, block, &n, e) < 0 ||
		    file_write(to, str_of(block, n), e) < 0)
			return -1;
		*put += n;
	}
	return 0;
}

bool
returned_is_bulk(const struct content *content)
{
	struct content part = *content;
	struct pool p = {0};
	struct field *fields;
	struct head head;
	char block[BLOCK];
	size_t fields_n, n;
	struct err e;
	bool good;

	head_init(&head, HEADER_SEEN);
	good =
	    find_body(content, &part.size, &e) == 0 && part.size <= HEADER_SEEN;
	for (uint64_t at = 0; good && at < part.size; at += n) {
		good = read_block(&part, at, block, &n, &e) == 0;
		if (good)
			buf_add(&head.text, str_of(block, n));
	}
	if (good) {
		head_fields(&p, &head, &fields, &fields_n);
		good = dsn_is_bulk(fields, fields_n);
	}
	pool_free(&p);
	head_free(&head);
	return good;
}
