/* SPDX-License-Identifier: ISC */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	struct state *states;
	uint32_t *parent;
	uint32_t *slots; /* index + 1 of a state, by its hash; 0: free */
	size_t n, size, mask, limit;
	size_t at; /* whose steps are offered */
	size_t bad;
	/* When a trace is told: the state whose step is looked for. */
	const struct state *wanted;
	const char *who, *what;
};

static void
die(const char *why)
{
	(void)fprintf(stderr, "model: %s\n", why);
	exit(2);
}

static void *
take(void *old, size_t n, size_t each)
{
	void *p = realloc(old, n * each);

	if (p == NULL)
		die("no memory");
	return p;
}

static size_t
hash(const struct state *s)
{
	uint64_t h = 0x9e3779b97f4a7c15U;
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < sizeof(*s); i += 4) {
		uint32_t w;

		memcpy(&w, p + i, sizeof(w));
		h = (h ^ w) * 0xff51afd7ed558ccdU;
		h ^= h >> 29;
	}
	return (size_t)(h ^ h >> 32);
}
_Static_assert(sizeof(struct state) % 4 == 0, "hashed by words");

static void
grow(struct check *c)
{
	size_t slots = c->mask ? 2 * (c->mask + 1) : 1 << 16;

	free(c->slots);
	c->slots = calloc(slots, sizeof(*c->slots));
	if (c->slots == NULL)
		die("no memory");
	c->mask = slots - 1;
	for (size_t i = 0; i < c->n; i++) {
		size_t k = hash(&c->states[i]) & c->mask;

		while (c->slots[k] != 0)
			k = (k + 1) & c->mask;
		c->slots[k] = (uint32_t)i + 1;
	}
}

static void
add(struct check *c, const struct state *s)
{
	size_t k;

	if (2 * (c->n + 1) > c->mask)
		grow(c);
	for (k = hash(s) & c->mask; c->slots[k] != 0; k = (k + 1) & c->mask)
		if (memcmp(&c->states[c->slots[k] - 1], s, sizeof(*s)) == 0)
			return;
	if (c->n == c->limit)
		die("more states than there may be");
	if (c->n == c->size) {
		c->size = c->size ? 2 * c->size : 1 << 16;
		c->states = take(c->states, c->size, sizeof(*c->states));
		c->parent = take(c->parent, c->size, sizeof(*c->parent));
	}
	c->states[c->n] = *s;
	c->parent[c->n] = (uint32_t)c->at;
	c->slots[k] = (uint32_t)++c->n;
	if (s->bad != GOOD && c->bad == 0)
		c->bad = c->n - 1;
}

void
check_next(
    struct check *c, const struct state *s, const char *who, const char *what)
{
	if (c->wanted == NULL) {
		add(c, s);
	} else if (memcmp(c->wanted, s, sizeof(*s)) == 0) {
		c->who = who;
		c->what = what;
	}
}

static void
tell(struct check *c, check_steps *steps, size_t state)
{
	size_t parent = c->parent[state];
	struct state before, after = c->states[state];

	if (state == 0)
		return;
	tell(c, steps, parent);
	before = c->states[parent];
	c->wanted = &after;
	c->who = c->what = "?";
	(void)steps(c, &before);
	c->wanted = NULL;
	printf("    %-10s %s\n", c->who, c->what);
}

struct found
check_all(
    const struct state *first, check_steps *steps, size_t limit, bool trace)
{
	struct check c = {.limit = limit};
	struct found found;

	add(&c, first);
	for (c.at = 0; c.at < c.n && c.bad == 0; c.at++) {
		struct state s = c.states[c.at];

		if (!steps(&c, &s) && c.bad == 0) {
			s.bad = STUCK;
			add(&c, &s);
		}
	}
	found = (struct found){c.n, GOOD, 0};
	if (c.bad != 0) {
		for (size_t i = c.bad; i != 0; i = c.parent[i])
			found.steps++;
		found.bad = c.states[c.bad].bad;
		if (trace)
			tell(&c, steps, c.bad);
	}
	free(c.states);
	free(c.parent);
	free(c.slots);
	return found;
}
