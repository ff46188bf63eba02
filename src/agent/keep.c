/* SPDX-License-Identifier: ISC */
#include "agent/keep.h"

#include <stdlib.h>

#include "spool/mark.h"

void
keep_init(struct keep *k, const struct errand *errand)
{
	*k = (struct keep){.errand = errand};
	k->judged = calloc(errand_recipients(errand) + 1, sizeof(*k->judged));
	if (k->judged == NULL)
		err_memory();
}

void
keep_free(struct keep *k)
{
	free(k->judged);
	k->judged = NULL;
}

/* Has somebody no verdict yet of those from `first` on? */
static bool
is_open(const struct keep *k, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++)
		if (!k->judged[i])
			return true;
	return false;
}

void
keep_rcpt(struct keep *k, size_t i)
{
	k->judged[i] = true;
	if (k->open && !is_open(k, k->open->first, k->open->n))
		k->open = NULL;
}

/* Marks those from `first` on, who are the letter's, that have no verdict. */
static int
mark_open(struct keep *k, const struct letter *l, size_t first, size_t n,
    enum mark mark, struct err *e)
{
	if (l->marks.n == 0 || k->loose)
		return 0;
	for (size_t i = first; i < first + n; i++)
		if (!k->judged[i] &&
		    mark_put(&l->marks, l->mark[i - l->first], mark, e) < 0)
			return -1;
	return 0;
}

int
keep_sending(struct keep *k, size_t letter, bool loose, struct err *e)
{
	k->loose = loose;
	k->open = &k->errand->letter[letter];
	return mark_open(
	    k, k->open, k->open->first, k->open->n, MARK_SENDING, e);
}

int
keep_verdict(struct keep *k, size_t first, size_t n,
    const struct status *status, struct err *e)
{
	static const enum mark marks[] = {
	    [OUTCOME_OPEN] = MARK_SENDING,
	    [OUTCOME_DELIVERED] = MARK_DELIVERED,
	    [OUTCOME_DEFERRED] = MARK_WAITING,
	    [OUTCOME_FAILED] = MARK_FAILED,
	};
	const struct letter *l = k->open;

	if (l == NULL)
		return 0;
	if (status->blame == BLAME_DOUBT || n == l->n)
		k->open = NULL;
	if (l->marks.n == 0 || k->loose || status->blame == BLAME_DOUBT)
		return 0;
	if (mark_open(k, l, first, n, marks[status->outcome], e) < 0)
		return -1;
	return mark_sync(&l->marks, e);
}

void
keep_back(struct keep *k)
{
	struct err e;

	/* A mark that stays "sending" is doubt: the worst that can come. */
	if (k->open && k->open->marks.n > 0 && !k->loose &&
	    mark_open(
		k, k->open, k->open->first, k->open->n, MARK_WAITING, &e) == 0)
		(void)(mark_sync(&k->open->marks, &e) < 0);
	k->open = NULL;
}
