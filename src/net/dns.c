/* SPDX-License-Identifier: ISC */
#include "net/dns.h"

#include <assert.h>

#include "net/dns_try.h"

static void
enqueue(struct dns_question ***end, struct dns_question *q)
{
	q->next = NULL;
	**end = q;
	*end = &q->next;
}

static struct dns_question *
dequeue(struct dns_question **head, struct dns_question ***end)
{
	struct dns_question *q = *head;

	if (q == NULL)
		return NULL;
	*head = q->next;
	if (q->next == NULL)
		*end = head;
	q->next = NULL;
	return q;
}

void
dns_release(struct dns_question *q)
{
	if (q->stream.p == NULL)
		return; /* never asked */
	dns_hang_up(q);
	pool_free(&q->pool);
	q->answer = (struct dns_answer){0};
}

void
dns_close(struct dns *d)
{
	struct dns_question *q;

	while ((q = dequeue(&d->queue, &d->queue_end)) != NULL)
		dns_release(q);
	while ((q = dequeue(&d->done, &d->done_end)) != NULL)
		dns_release(q);
	for (size_t i = 0; i < d->live_n; i++)
		dns_release(d->live[i]);
	d->live_n = 0;
	buf_free(&d->packet);
}

void
dns_ask(struct dns *d, struct dns_question *q, struct str name,
    enum dns_type type, int64_t deadline)
{
	void *owner = q->owner;

	assert(dns_is_name(name));
	*q = (struct dns_question){
	    .type = type,
	    .owner = owner,
	    .deadline = deadline,
	    .answer = {.secure = true},
	    .fd = -1,
	};
	memcpy(q->name, name.p, name.n);
	buf_init(&q->stream, 2 + DNS_PACKET_MAX);
	enqueue(&d->queue_end, q);
}

/* The question, which is no longer among the live, is answered. */
static void
finish(struct dns *d, struct dns_question *q)
{
	struct dns_answer *a = &q->answer;

	dns_hang_up(q);
	if (a->result == DNS_LATER)
		a->n = 0;
	if (!d->trust || a->result == DNS_LATER)
		a->secure = false;
	enqueue(&d->done_end, q);
}

static void
start_queued(struct dns *d)
{
	while (d->live_n < DNS_LIVE && d->queue) {
		struct dns_question *q = dequeue(&d->queue, &d->queue_end);

		q->first = d->first;
		if (dns_try(d, q) == TURN_WAIT)
			d->live[d->live_n++] = q;
		else
			finish(d, q);
	}
}

size_t
dns_wait(struct dns *d, struct pollfd *fds, int64_t *until)
{
	start_queued(d);
	for (size_t i = 0; i < d->live_n; i++) {
		const struct dns_question *q = d->live[i];

		fds[i] = (struct pollfd){
		    .fd = q->fd,
		    .events = dns_is_sending(q) ? POLLOUT : POLLIN,
		};
		if (q->try_deadline < *until)
			*until = q->try_deadline;
	}
	if (d->done)
		*until = 0;
	return d->live_n;
}

void
dns_step(struct dns *d, const struct pollfd *fds)
{
	/* From the end: the last one takes the place of one that is over. */
	for (size_t i = d->live_n; i-- > 0;) {
		struct dns_question *q = d->live[i];

		if (dns_turn(d, q, fds[i].revents != 0) == TURN_WAIT)
			continue;
		d->live[i] = d->live[--d->live_n];
		finish(d, q);
	}
}

struct dns_question *
dns_answered(struct dns *d)
{
	return dequeue(&d->done, &d->done_end);
}
