/* SPDX-License-Identifier: ISC */
/*
 * Answers that others found troublesome: with HANTAR_CORPORA naming the
 * folder of corpora, each seed of c-ares answers each question, as it is and
 * behind a head that fits.
 */
#include "net/dns.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../lib/asker.h"

#define D "example.org"

enum { HEAD = 12, DATAGRAM = 65000 };

static struct wire seed, w;

/* How a seed is made an answer. */
static enum {
	AS_IT_IS,
	WITH_OUR_ID, /* and as a response */
	OUR_QUESTION,
	AS_RECORD, /* of the type that was asked for */
	MANNERS
} manner;

static void
say_seed(struct oracle *o, const struct query *q)
{
	w = seed;
	if (manner == WITH_OUR_ID && w.n > 2) {
		w.p[0] = (unsigned char)(q->id >> 8);
		w.p[1] = (unsigned char)q->id;
		w.p[2] |= 0x80;
	}
	if (manner == OUR_QUESTION || manner == AS_RECORD)
		wire_reply(&w, q, USUAL);
	if (manner == OUR_QUESTION && seed.n > HEAD) {
		/* Its counts of records, and its records. */
		memcpy(w.p + AN, seed.p + AN, HEAD - AN);
		memcpy(w.p + w.n, seed.p + HEAD, seed.n - HEAD);
		w.n += seed.n - HEAD;
	}
	if (manner == AS_RECORD)
		wire_rr(&w, AN, q->name, q->type, seed.p,
		    seed.n < 60000 ? seed.n : 60000);
	oracle_wire(o, &w);
}

/* Whatever came of it is whole, bounded, and in time. */
static void
ask(enum dns_type type)
{
	const struct dns_answer *a = asker_ask(D, type);

	assert_in_range(a->result, DNS_FOUND, DNS_LATER);
	assert_in_range(asker_passed(), 0, 60 * SECOND);
	assert_true(a->n <= DNS_RECORDS);
	assert_true(a->aliases <= DNS_CHAIN);
	for (size_t i = 0; i < a->n && type == DNS_MX; i++)
		assert_true(str_eq(a->record[i].name, STR(".")) ||
		    dns_is_name(a->record[i].name));
	if (manner == AS_IT_IS)
		assert_int_equal(a->result, DNS_LATER);
}

static void
read_seed(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, seed.p, DATAGRAM);

	assert_true(n >= 0);
	(void)close(fd);
	seed.n = (size_t)n;
}

static void
every_seed_of(const char *folder, size_t least)
{
	static const enum dns_type types[] = {DNS_MX, DNS_A, DNS_AAAA};
	char path[4096];
	struct dirent *entry;
	size_t seeds = 0;
	DIR *d;

	(void)snprintf(
	    path, sizeof(path), "%s/dns/%s", getenv("HANTAR_CORPORA"), folder);
	d = opendir(path);
	assert_non_null(d);
	asker_start(1, say_seed);
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/dns/%s/%s",
		    getenv("HANTAR_CORPORA"), folder, entry->d_name);
		read_seed(path);
		seeds++;
		for (manner = 0; manner < MANNERS; manner++)
			for (size_t i = 0; i < 3; i++)
				ask(types[i]);
	}
	asker_stop();
	(void)closedir(d);
	assert_true(seeds >= least);
}

static void
c06_answers(void **state)
{
	(void)state;
	every_seed_of("cares-fuzzinput", 30);
}

static void
c06_names(void **state)
{
	(void)state;
	every_seed_of("cares-fuzznames", 20);
}

int
main(void)
{
	const char *top = getenv("HANTAR_CORPORA");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c06_answers),
	    cmocka_unit_test(c06_names),
	};

	/* Without the corpora these tests are not selected. */
	if (top == NULL || top[0] == '\0')
		return 0;
	return cmocka_run_group_tests_name("dns, corpora", tests, NULL, NULL);
}
