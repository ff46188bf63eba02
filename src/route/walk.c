/* SPDX-License-Identifier: ISC */
#include "route/walk.h"

/* Bounds of one delivery (C-18; DESIGN, "Hosts are walked in order"). */
enum { ADDRESSES_MAX = 5, SESSIONS_MAX = 2 };

struct walk_host *
walk_add(struct walk *w, struct str name, unsigned preference)
{
	if (w->n == WALK_HOSTS) {
		w->cut_short = true;
		return NULL;
	}
	w->host[w->n] =
	    (struct walk_host){.name = name, .preference = preference};
	return &w->host[w->n++];
}

struct walk_host *
walk_serve(struct walk *w, size_t after, struct str name)
{
	size_t at = w->at + 1 + after;

	if (w->n == WALK_HOSTS) {
		w->cut_short = true;
		return NULL;
	}
	memmove(
	    &w->host[at + 1], &w->host[at], (w->n - at) * sizeof(w->host[at]));
	w->n++;
	w->host[at] = (struct walk_host){
	    .name = name,
	    .preference = w->host[w->at].preference,
	    .domain = w->host[w->at].name,
	};
	return &w->host[at];
}

void
walk_served(struct walk *w)
{
	w->host[w->at].known = true;
}

void
walk_address(struct walk *w, struct str ip)
{
	struct walk_host *h = &w->host[w->at];

	if (h->n < WALK_ADDRESSES)
		h->ip[h->n++] = ip;
}

void
walk_known(struct walk_host *h, struct str ip)
{
	h->known = true;
	h->ip[h->n++] = ip;
}

void
walk_literal(struct walk_host *h, struct str ip)
{
	h->literal = true;
	walk_known(h, ip);
}

void
walk_found(struct walk *w, const struct status *status)
{
	struct walk_host *h = &w->host[w->at];

	h->known = true;
	if (h->n > 0)
		return;
	if (status->outcome == OUTCOME_FAILED) {
		w->addressless = true;
		if (w->last.outcome == OUTCOME_OPEN)
			w->last = *status;
		return;
	}
	w->temporary = true;
	w->last = *status;
}

void
walk_ours(struct walk *w)
{
	unsigned preference = w->host[w->at].preference;
	size_t kept = w->at;

	while (kept > 0 && w->host[kept - 1].preference >= preference)
		kept--;
	w->n = w->at;
	w->looped = kept == 0;
}

void
walk_tried(struct walk *w, struct str ip, enum reach reach, bool clear,
    const struct status *status)
{
	struct walk_host *h = &w->host[w->at];
	bool again =
	    reach == REACH_STARTTLS && !clear && !w->demanding && !h->encrypted;

	for (size_t i = 0; i < h->n; i++)
		if (str_eq(h->ip[i], ip))
			h->state[i] =
			    again ? ADDRESS_AGAIN_CLEAR : ADDRESS_TRIED;
	if (!again)
		w->addresses++;
	if (reach == REACH_SESSION)
		w->sessions++;
	if (status->outcome == OUTCOME_OPEN) {
		/* It has spoken to every recipient: whom it deferred, its
		 * other addresses will not take either. */
		w->at++;
		return;
	}
	w->last = *status;
	if (reach == REACH_CONNECTED && status->outcome == OUTCOME_FAILED)
		w->refused = true;
	else
		w->temporary = true;
}

void
walk_answered(struct walk *w, bool answered)
{
	if (answered)
		w->answered = true;
	else
		w->silent = true;
}

/* Collects the addresses of h that are to be tried now. */
static void
collect(const struct walk *w, const struct walk_host *h, struct walk_step *step)
{
	size_t room = ADDRESSES_MAX - w->addresses;

	*step = (struct walk_step){.host = h};
	for (size_t i = 0; i < h->n; i++) {
		if (h->state[i] != ADDRESS_AGAIN_CLEAR)
			continue;
		step->ip[step->n++] = h->ip[i];
		step->clear = true;
		return;
	}
	for (size_t i = 0; i < h->n; i++)
		if (h->state[i] == ADDRESS_UNTRIED && step->n < room &&
		    step->n < ERRAND_ADDRESSES)
			step->ip[step->n++] = h->ip[i];
}

/* Is there anything left to try at h? */
static bool
is_open(const struct walk_host *h)
{
	bool open = !h->known;

	for (size_t i = 0; i < h->n; i++)
		open = open || h->state[i] != ADDRESS_TRIED;
	return open;
}

enum walk_move
walk_next(struct walk *w, bool late, struct walk_step *step)
{
	while (w->at < w->n && !is_open(&w->host[w->at]))
		w->at++;
	if (w->at == w->n)
		return WALK_OVER;
	if (late || w->addresses >= ADDRESSES_MAX ||
	    w->sessions >= SESSIONS_MAX) {
		w->cut_short = true;
		return WALK_OVER;
	}
	if (!w->host[w->at].known)
		return WALK_LOOK_UP;
	collect(w, &w->host[w->at], step);
	step->last = w->at + 1 == w->n;
	return WALK_TRY;
}

/* The status with a remark behind its text. */
static struct status
with(struct status s, const char *remark, struct pool *p)
{
	struct buf text;

	buf_init(&text, 2048);
	buf_add(&text, s.text);
	buf_printf(&text, " (%s)", remark);
	s.text = pool_str(p, buf_str(&text));
	buf_free(&text);
	return s;
}

/* Many networks let nobody out to port 25 (C-29). */
static struct status
blocked(struct status s, const struct walk *w, struct pool *p)
{
	unsigned own = w->host[w->n - 1].port;
	unsigned port = own ? own : w->port;
	struct buf text;

	buf_init(&text, 200);
	buf_printf(&text, "no host answers: is port %u blocked here%s", port,
	    port == 25 ? ", as in many networks? A relay has others: 587, 465"
		       : "?");
	s = with(s, text.p, p);
	buf_free(&text);
	return s;
}

struct status
walk_verdict(const struct walk *w, struct pool *p)
{
	struct status s = w->last;

	if (w->looped && !w->temporary)
		return status_own(BLAME_RCPT, "5.4.6",
		    STR("the best exchanger of the domain is this host, "
			"which takes no mail: a loop"));
	if (w->addressless && !w->temporary && !w->refused && !w->cut_short)
		return s; /* 5.4.4: no exchanger has an address (C-14) */
	if (w->refused && !w->temporary && !w->cut_short)
		return s; /* every host answered, and each said 5yz (D-02) */
	if (s.outcome == OUTCOME_OPEN)
		return status_own(
		    BLAME_US, "4.3.0", STR("no host could be tried in time"));
	if (s.outcome == OUTCOME_DEFERRED)
		return w->silent && !w->answered ? blocked(s, w, p) : s;
	/* A "never" that not every host has said is a "not now". */
	s.outcome = OUTCOME_DEFERRED;
	s.enhanced[0] = 4;
	return with(s, "another host may take it later", p);
}
