/* SPDX-License-Identifier: ISC */
/*
 * A whole submission's header: read, split, its recipients taken, completed,
 * and read again (B-06 to B-25, B-31, B-32, B-42), with addresses qualified and
 * replaced.  The text up to the first NUL is also the name and the sender of
 * the submitter.
 */
#include <assert.h>

#include "base/char.h"
#include "fuzz.h"
#include "mail/complete.h"
#include "mail/retouch.h"
#include "mail/stuff.h"

enum { ROOM = 1 << 20, HEAD = 1 << 18, MANY = 100, SHOWN = 100 };

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

/* The address as it has to be in a field like f. */
static struct addr
changed(struct addr a, const struct retouch *r)
{
	const struct rewrite_rule *rule;

	if (a.domain.n == 0 && r->mailname.n > 0)
		a.domain = r->mailname;
	rule = rewrite_addr(r->rewrite, &a);
	if (rule && rule->to.name.n > 0)
		a.name = rule->to.name;
	return a;
}

/* What addr_each has shown. */
struct shown {
	struct pool *pool;
	struct addr addr[SHOWN];
	struct addr_place place[SHOWN];
	size_t n;
};

static void
keep(void *ctx, const struct addr *a, const struct addr_place *place)
{
	struct shown *s = ctx;

	if (s->n < SHOWN) {
		s->addr[s->n].local = pool_str(s->pool, a->local);
		s->addr[s->n].domain = pool_str(s->pool, a->domain);
		s->addr[s->n].name = pool_str(s->pool, a->name);
		s->place[s->n] = *place;
	}
	s->n++;
}

/*
 * A field whose addresses change has as many as before, each as it has to be,
 * with its name; and all that is no part of an address that changes is there.
 */
static void
check_retouched(struct pool *p, const struct field *f, const struct retouch *r)
{
	struct shown was = {.pool = p};
	struct shown is = {.pool = p};
	struct head again;
	struct field *g;
	struct buf out;
	struct err e;
	size_t m, k;
	bool some = addr_each(f->value, keep, &was, &e) == 0 && was.n > 0;

	buf_init(&out, ROOM);
	assert(retouch_field(&out, f, r) == some);
	assert(some || out.n == 0);
	k = out.n;
	buf_add(&out, STR("\r\nbody\r\n"));
	assert(read_head(&again, buf_str(&out)) == 6 && again.text.n == k);
	head_fields(p, &again, &g, &m);
	assert(m == some);
	if (some) {
		assert(addr_each(g->value, keep, &is, &e) == 0);
		assert(is.n == was.n && str_eq(f->name, g->name));
	}
	for (size_t i = 0, at = 0, now = 0; i < was.n && i < SHOWN && some;
	     i++) {
		struct addr want = changed(was.addr[i], r);
		struct str before = str_slice(f->value, at, was.place[i].begin);
		struct str there = str_slice(g->value, now, is.place[i].begin);

		assert(str_eq(want.local, is.addr[i].local));
		assert(str_eq(want.domain, is.addr[i].domain));
		assert(str_eq(want.name, is.addr[i].name));
		/* But for a fold, and a name that needs but one blank. */
		assert(str_eq(before, there) || str_starts(there, before) ||
		    str_eq(str_trim(before), str_trim(there)));
		assert(was.place[i].begin <= was.place[i].from &&
		    was.place[i].from < was.place[i].local &&
		    was.place[i].local <= was.place[i].to &&
		    was.place[i].to <= was.place[i].end &&
		    was.place[i].begin >= at);
		at = was.place[i].end;
		now = is.place[i].end;
		if (i + 1 == was.n)
			assert(str_eq(str_slice(f->value, at, f->value.n),
			    str_slice(g->value, now, g->value.n)));
	}
	head_free(&again);
	buf_free(&out);
}

/* With rules, and without. */
static void
retouched(struct pool *p, const struct field *f, size_t n)
{
	static const char *const rules[] = {
	    "",
	    "me@new.example",
	    "@new.example",
	    "root@example.org => \"Host \\\"A\\\", 1\" <me@new.example>, "
	    "@.lan => x@new.example, @old.example => @new.example",
	};

	for (size_t k = 0; k < 2 * sizeof(rules) / sizeof(rules[0]); k++) {
		struct retouch r = {.mailname = STR("")};
		struct rewrite rewrite;
		struct err e;

		if (k % 2)
			r.mailname = STR("example.org");
		assert(rewrite_read(&rewrite, str_c(rules[k / 2]), p, &e) == 0);
		r.rewrite = rewrite.n > 0 ? &rewrite : NULL;
		for (size_t i = 0; i < n; i++)
			check_retouched(p, &f[i], &r);
	}
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
	retouched(p, f, n);
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
	    .qualify = n % 3 > 0,
	};
	struct pool p = {0};
	struct rewrite rewrite;
	struct err e;
	struct head h;

	if (n > HEAD / 4)
		return 0;
	if (rewrite_read(&rewrite, name, &p, &e) == 0 && n % 2)
		c.from = &rewrite;
	(void)read_head(&h, in);
	check(&p, &h, &c);
	head_free(&h);
	pool_free(&p);
	return 0;
}
