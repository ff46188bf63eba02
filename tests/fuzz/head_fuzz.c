/* SPDX-License-Identifier: ISC */
/*
 * A whole submission's header: read, split, its recipients taken, completed,
 * and read again (B-06 to B-24, B-31, B-32, B-42).  The text up to the first
 * NUL is also the name and the sender of the submitter.
 */
#include <assert.h>

#include "base/char.h"
#include "fuzz.h"
#include "mail/complete.h"
#include "mail/stuff.h"

enum { ROOM = 1 << 20, HEAD = 1 << 18, MANY = 100 };

/* Reads a header; returns how many octets of it are left for the body. */
static size_t
read_head(struct head *h, struct str in)
{
	struct lines l = {.dots_are_data = true, .header = true};
	enum head_said said = HEAD_MORE;
	struct buf line;

	head_init(h, HEAD);
	buf_init(&line, ROOM);
	while (in.n > 0 && said == HEAD_MORE) {
		buf_clear(&line);
		lines_feed(&l, &in, &line, true);
		if (in.n == 0)
			lines_end(&l, &line);
		assert(!line.over && line.n >= 2);
		said = head_line(h, buf_str(&line));
	}
	assert(!h->text.over);
	for (size_t i = 0; i < h->text.n; i++)
		assert(h->text.p[i] != '\r' || h->text.p[i + 1] == '\n');
	buf_free(&line);
	return in.n;
}

static void
check_fields(const struct head *h, const struct field *f, size_t n)
{
	struct str rest = buf_str(&h->text);

	for (size_t i = 0; i < n; i++) {
		assert(str_starts(rest, f[i].raw));
		rest = str_slice(rest, f[i].raw.n, rest.n);
		assert(f[i].name.n > 0 && f[i].name.n <= 77);
		for (size_t k = 0; k < f[i].name.n; k++)
			assert(char_is_graph(f[i].name.p[k]));
		assert(f[i].raw.n == f[i].name.n + 1 + f[i].value.n);
		assert(f[i].raw.p[f[i].raw.n - 1] == '\n');
	}
	assert(rest.n == 0);
}

static size_t
count(const struct field *f, size_t n, const char *name)
{
	size_t found = 0;

	while (head_find(f, n, str_c(name), found) != NULL)
		found++;
	return found;
}

static size_t
added(const struct field *f, size_t n, const char *name)
{
	return count(f, n, name) == 0;
}

/* No field but the known ones is added, and none but the known is lost. */
static void
check_completed(
    const struct field *f, size_t n, const struct field *g, size_t m)
{
	size_t least = 1 + added(f, n, "Date") + added(f, n, "From") + n -
	    count(f, n, "Bcc") - count(f, n, "Resent-Bcc") -
	    count(f, n, "Return-Path") - count(f, n, "Content-Length");
	size_t ids =
	    count(f, n, "Message-ID") + count(f, n, "Resent-Message-ID");

	assert(m + ids >= least && m <= least + 7);
	assert(str_eq(g[0].name, STR("Received")));
	assert(count(g, m, "Bcc") == 0 && count(g, m, "Resent-Bcc") == 0);
	assert(count(g, m, "Date") > 0 && count(g, m, "From") > 0);
	assert(count(g, m, "Message-ID") > 0);
}

static bool
same(const struct addr *a, const struct addr *b)
{
	return str_eq(a->local, b->local) && str_eq(a->domain, b->domain);
}

static bool
is_recipients(struct str name, bool resent)
{
	if (resent && str_istarts(name, STR("Resent-")))
		name = str_slice(name, 7, name.n);
	else if (resent)
		return false;
	return str_ieq(name, STR("To")) || str_ieq(name, STR("Cc")) ||
	    str_ieq(name, STR("Bcc"));
}

/*
 * -t takes what the lists of its fields hold, one after the other: of a
 * message that is resent some of the Resent- fields, else all others.
 */
static void
check_recipients(struct pool *p, const struct field *f, size_t n)
{
	struct addr *list, *part;
	struct err e = {0};
	bool resent = false;
	size_t count, k, at = 0;
	int got = head_recipients(p, f, n, MANY, &list, &count, &e);

	assert(got == 0 || e.kind == ERR_SYNTAX || e.kind == ERR_LIMIT);
	for (size_t i = 0; i < n; i++)
		resent = resent || is_recipients(f[i].name, true);
	for (size_t i = 0; i < n && got == 0; i++) {
		if (!is_recipients(f[i].name, resent) ||
		    addr_list(p, f[i].value, MANY, &part, &k, &e) < 0) {
			assert(resent || !is_recipients(f[i].name, false));
			continue;
		}
		/* The block that is passed over may come before or behind. */
		if (resent &&
		    (k > count - at || (k > 0 && !same(&list[at], &part[0]))))
			continue;
		assert(k <= count - at);
		for (size_t a = 0; a < k; a++)
			assert(same(&list[at + a], &part[a]));
		at += k;
	}
	assert(got < 0 || at == count);
}

static void
check(struct pool *p, struct head *h, const struct complete *c)
{
	struct head again;
	struct field *f, *g;
	struct buf out;
	size_t n, m, k;

	head_fields(p, h, &f, &n);
	check_fields(h, f, n);
	check_recipients(p, f, n);
	buf_init(&out, ROOM);
	complete_header(&out, f, n, c);
	assert(!out.over);
	buf_add(&out, STR("\r\nbody\r\n"));
	/* All of it is a header, and each line of it is a field's. */
	k = read_head(&again, buf_str(&out));
	assert(k == 6 && again.text.n == out.n - 8);
	head_fields(p, &again, &g, &m);
	check_fields(&again, g, m);
	check_completed(f, n, g, m);
	head_free(&again);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str in = str_of((const char *)bytes, n);
	struct str name = str_slice(in, 0, str_find(in, '\0'));
	struct complete c = {
	    .sender = {str_slice(name, 0, 80), STR("example.org"), STR("")},
	    .login = STR("login"),
	    .full_name = name,
	    .hostname = STR("host.example"),
	    .mailname = STR("example.org"),
	    .id = STR("Q1"),
	    .random = STR("r1"),
	    .add = true,
	};
	struct pool p = {0};
	struct head h;

	if (n > HEAD / 4)
		return 0;
	(void)read_head(&h, in);
	check(&p, &h, &c);
	head_free(&h);
	pool_free(&p);
	return 0;
}
