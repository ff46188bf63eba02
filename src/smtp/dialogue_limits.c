/* SPDX-License-Identifier: ISC */
/* What goes over one connection; what a host takes at once (LIMITS, RFC 9422),
 * and who is beyond that. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "smtp/dialogue.h"

bool
dialogue_goes_on(const struct session *s)
{
	return clock_now() - s->begun < ERRAND_SESSION &&
	    dialogue_more(s) != NULL;
}

/* What is within the limits so far. */
struct tally {
	uint32_t n[LIMITS];
	struct str *domain;
};

/* The place of the recipient's domain among those that were counted. */
static uint32_t
place_of(const struct tally *t, struct str domain)
{
	uint32_t k = 0;

	while (k < t->n[LIMIT_DOMAINS] && !str_ieq(t->domain[k], domain))
		k++;
	return k;
}

/* Counts recipient i of the letter; LIMITS, or which limit he would break. */
static enum limit
count(const struct session *s, struct tally *t, size_t i)
{
	const uint32_t *limit = s->offered.limit;
	struct str domain = s->letter->to[i];
	size_t at;
	uint32_t k;

	while ((at = str_find(domain, '@')) < domain.n)
		domain = str_slice(domain, at + 1, domain.n);
	k = limit[LIMIT_DOMAINS] > 0 ? place_of(t, domain) : 0;
	if (limit[LIMIT_MAILS] > 0 && t->n[LIMIT_RCPTS] == 0 &&
	    t->n[LIMIT_MAILS] == limit[LIMIT_MAILS])
		return LIMIT_MAILS;
	if (limit[LIMIT_RCPTS] > 0 && t->n[LIMIT_RCPTS] == limit[LIMIT_RCPTS])
		return LIMIT_RCPTS;
	if (limit[LIMIT_DOMAINS] > 0 && k == limit[LIMIT_DOMAINS])
		return LIMIT_DOMAINS;
	t->n[LIMIT_MAILS] += t->n[LIMIT_RCPTS] == 0;
	t->n[LIMIT_RCPTS]++;
	if (k == t->n[LIMIT_DOMAINS])
		t->domain[t->n[LIMIT_DOMAINS]++] = domain;
	return LIMITS;
}

/*
 * Whoever is beyond what the host takes at once is put off as if it had said
 * so when he was named (D-29): as with a 452 he is tried again at once.
 */
static void
put_off(struct session *s, size_t i, enum limit over,
    void (*judge)(struct session *, size_t i, const struct status *))
{
	static const char *const what[] = {
	    [LIMIT_MAILS] = "messages over one connection (MAILMAX)",
	    [LIMIT_RCPTS] = "recipients at once (RCPTMAX)",
	    [LIMIT_DOMAINS] = "domains over one connection (RCPTDOMAINMAX)",
	};
	struct status status;
	struct buf text;

	buf_init(&text, 200);
	buf_printf(&text, "it takes at most %u %s",
	    (unsigned)s->offered.limit[over], what[over]);
	status = status_own(BLAME_RCPT, "4.5.3", buf_str(&text));
	status.code = 452;
	judge(s, i, &status);
	buf_free(&text);
}

static bool
has_limits(const struct extend *x)
{
	for (size_t l = 0; l < LIMITS; l++)
		if (x->limit[l] > 0)
			return true;
	return false;
}

void
dialogue_limits(struct session *s,
    void (*judge)(struct session *, size_t i, const struct status *))
{
	const struct letter *now = s->letter;
	struct tally t = {0};
	bool any = false;

	if (s->counted || !has_limits(&s->offered))
		return;
	s->counted = true;
	t.domain =
	    calloc(errand_recipients(s->errand) + 1, sizeof(t.domain[0]));
	if (t.domain == NULL)
		err_memory();
	for (size_t k = 0; k < s->errand->letters; k++) {
		dialogue_turn(s, &s->errand->letter[k]);
		t.n[LIMIT_RCPTS] = 0;
		for (size_t i = 0; i < s->letter->n; i++) {
			enum limit over;

			if (s->rcpt[i] == RCPT_JUDGED ||
			    (over = count(s, &t, i)) == LIMITS)
				continue;
			put_off(s, i, over, judge);
			any = true;
		}
	}
	free(t.domain);
	dialogue_turn(s, now);
	if (any && s->hooks->show)
		s->hooks->show(s->hooks->ctx, "***",
		    STR("(LIMITS: the rest goes over another connection)"));
}
