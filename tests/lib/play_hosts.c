/* SPDX-License-Identifier: ISC */
#include "play_inside.h"
#include "words.h"

enum { FIRST_HOST = 10 }; /* 127.0.0.10 */

struct str
play_name(struct pool *pool, struct str name)
{
	struct buf b;
	struct str full;

	if (str_find(name, '.') < name.n)
		return name;
	buf_init(&b, 512);
	buf_printf(&b, "%.*s.test", STR_ARG(name));
	full = pool_str(pool, buf_str(&b));
	buf_free(&b);
	return full;
}

/* The host of that name, made if it is new. */
static struct host *
host_of(struct reading *r, struct str name)
{
	struct host **h = &r->play->hosts;
	unsigned first = FIRST_HOST;

	name = play_name(r->pool, name);
	for (; *h; h = &(*h)->next) {
		if (str_ieq((*h)->name, name))
			return *h;
		if ((*h)->first + (*h)->addresses > first)
			first = (*h)->first + (*h)->addresses;
	}
	*h = pool_take(r->pool, sizeof(**h));
	**h = (struct host){.name = name, .first = first, .addresses = 1};
	return *h;
}

/* host NAME [ADDRESSES] [ip=127.0.0.N] */
int
play_host(struct reading *r, const struct line *line, struct str rest)
{
	struct host *h = host_of(r, words_next(&rest));
	struct str word;
	uint64_t n;

	while ((word = words_next(&rest)).n > 0) {
		bool ip = str_starts(word, STR("ip=127.0.0."));

		if (!str_number(str_slice(word, ip ? 11 : 0, word.n), 250, &n))
			return play_bad(r->e, line, "not understood", word);
		*(ip ? &h->first : &h->addresses) = (unsigned)n;
	}
	return 0;
}

int
play_dns(struct reading *r, const struct line *line, struct str rest)
{
	struct rr *record = pool_take(r->pool, sizeof(*record));
	struct rr **list = &r->play->zone;

	APPEND(list, record);
	if (play_record(line, rest, r->pool, record, r->e) < 0)
		return -1;
	record->name = play_name(r->pool, record->name);
	return 0;
}

/* mx DOMAIN PREFERENCE HOST [MANNER...]; mx DOMAIN null */
int
play_mx(struct reading *r, const struct line *line, struct str rest)
{
	struct str domain = words_next(&rest);
	struct str preference = words_next(&rest);
	struct str name = STR("");
	struct buf b;
	int rc;

	if (!str_eq(preference, STR("null")))
		name = words_next(&rest);
	if (name.n > 0 && !str_eq(name, STR(".")))
		name = host_of(r, name)->name;
	buf_init(&b, 4096);
	buf_printf(&b, "%.*s MX %.*s %.*s %.*s", STR_ARG(domain),
	    STR_ARG(preference), STR_ARG(name), STR_ARG(rest));
	rc = play_dns(r, line, pool_str(r->pool, buf_str(&b)));
	buf_free(&b);
	return rc;
}

/* server HOST[/ADDRESS] [refused | hole] [maybe] [xTIMES] */
int
play_server(struct reading *r, const struct line *line, struct str rest)
{
	struct script *s = pool_take(r->pool, sizeof(*s));
	struct script **list = &r->play->scripts;
	struct str name = words_next(&rest), host, word;
	uint64_t n;

	*s = (struct script){.line = line, .times = 1};
	(void)str_split(&name, '/', &host);
	s->host = host_of(r, host);
	if (name.n > 0 && str_number(name, 250, &n) && n > 0)
		s->address = (unsigned)n - 1;
	while ((word = words_next(&rest)).n > 0) {
		if (str_eq(word, STR("refused")))
			s->service = SERVICE_REFUSED;
		else if (str_eq(word, STR("hole")))
			s->service = SERVICE_HOLE;
		else if (str_eq(word, STR("maybe")))
			s->maybe = true;
		else if (str_starts(word, STR("x")) &&
		    str_number(str_slice(word, 1, word.n), 1000, &n))
			s->times = (unsigned)n;
		else
			return play_bad(r->e, line, "not understood", word);
	}
	APPEND(list, s);
	r->script = s;
	return 0;
}

void
play_addresses(struct reading *r)
{
	for (struct host *h = r->play->hosts; h; h = h->next) {
		struct rr **list = &r->play->zone;

		while (*list &&
		    ((*list)->type != 1 || !str_ieq((*list)->name, h->name)))
			list = &(*list)->next;
		for (unsigned i = 0; i < h->addresses && *list == NULL; i++) {
			char ip[4] = {127, 0, 0, (char)(h->first + i)};
			struct rr *a = pool_take(r->pool, sizeof(*a));

			*a = (struct rr){.line = r->play->line,
			    .name = h->name,
			    .type = 1,
			    .real = true,
			    .data = pool_str(r->pool, str_of(ip, 4))};
			*list = a;
			list = &a->next;
		}
	}
}
