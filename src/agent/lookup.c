/* SPDX-License-Identifier: ISC */
#include "agent/lookup.h"

#include <errno.h>

#include "agent/tell.h"
#include "base/clock.h"
#include "net/dns.h"
#include "os/sandbox.h"
#include "os/sys.h"

enum {
	JOBS = 1000,   /* no more requests are read while so many are open */
	REQUEST = 512, /* the longest line */
	INPUT = 8192,
};

struct job {
	uint32_t id;
	bool mx;
	unsigned open; /* questions that are not answered */
	char name[DNS_NAME_SIZE];
	struct dns_question q[2]; /* MX; or A and AAAA.  Type 0: not asked */
	struct job *next;	  /* while it is spare */
};

struct lookup {
	const struct lookup_errand *errand;
	struct tell tell;
	struct dns dns;
	bool broken; /* no name server can be asked */
	struct err why;
	bool have_ipv6;
	struct pool pool; /* of the jobs */
	struct job *spare;
	size_t jobs;
	struct buf in; /* what was read and not yet taken */
};

static void
on_asking(void *ctx, const struct dns_question *q)
{
	tell_asking(ctx, q);
}

static void
open_lookup(
    struct lookup *l, const struct lookup_errand *errand, struct report *report)
{
	struct dns_opts opts = {
	    .nameserver = errand->nameserver,
	    .trust_ad = errand->trust_ad,
	    .asking = on_asking,
	    .ctx = &l->tell,
	};

	*l = (struct lookup){.errand = errand};
	l->tell = (struct tell){errand, report, &l->dns};
	buf_init(&l->in, INPUT);
	l->broken = dns_open(&l->dns, &opts, &l->why) < 0;
	l->have_ipv6 = errand->family == IP_ANY && ip_have(AF_INET6);
}

static void
close_lookup(struct lookup *l)
{
	if (!l->broken)
		dns_close(&l->dns);
	pool_free(&l->pool);
	buf_free(&l->in);
}

static struct job *
take_job(struct lookup *l)
{
	struct job *j = l->spare;

	l->jobs++;
	if (j == NULL)
		return pool_take(&l->pool, sizeof(*j));
	l->spare = j->next;
	*j = (struct job){0};
	return j;
}

static void
end_job(struct lookup *l, struct job *j)
{
	dns_release(&j->q[0]);
	dns_release(&j->q[1]);
	j->next = l->spare;
	l->spare = j;
	l->jobs--;
}

static void
ask(struct lookup *l, struct job *j, size_t which, enum dns_type type)
{
	struct dns_question *q = &j->q[which];

	q->owner = j;
	dns_ask(
	    &l->dns, q, str_c(j->name), type, clock_now() + l->errand->timeout);
	j->open++;
}

/* Answers a request at once if there is nothing to ask. */
static bool
refuse(struct lookup *l, bool mx, uint32_t id, struct str name)
{
	enum blame blame = mx ? BLAME_RCPT : BLAME_HOST;
	struct status status;
	struct buf text;
	bool refused = true;

	buf_init(&text, REPORT_TEXT);
	if (l->broken) {
		buf_add(&text, str_c(l->why.text));
		status = status_own(BLAME_US, "4.4.3", buf_str(&text));
	} else if (!dns_is_name(name)) {
		buf_printf(&text, "\"%.*s\" is no name that a host can have",
		    STR_ARG(name));
		status =
		    status_own(blame, mx ? "5.1.2" : "5.4.4", buf_str(&text));
	} else {
		refused = false;
	}
	if (refused)
		tell_status(&l->tell, id, &status);
	buf_free(&text);
	return refused;
}

/* Takes the request "mx ID DOMAIN" or "addr ID HOST"; false if it is none. */
static bool
take_request(struct lookup *l, struct str line)
{
	enum ip_family family = l->errand->family;
	struct str what, number;
	uint64_t id;
	bool mx;
	struct job *j;

	if (!str_split(&line, ' ', &what) || !str_split(&line, ' ', &number) ||
	    line.p == NULL || !str_number(number, UINT32_MAX, &id))
		return false;
	mx = str_eq(what, STR("mx"));
	if (!mx && !str_eq(what, STR("addr")))
		return false;
	if (refuse(l, mx, (uint32_t)id, line))
		return true;
	j = take_job(l);
	j->id = (uint32_t)id;
	j->mx = mx;
	memcpy(j->name, line.p, line.n);
	if (mx) {
		ask(l, j, 0, DNS_MX);
		return true;
	}
	/* Both in one flight; not what could not be reached (C-22). */
	if (family != IP_V6)
		ask(l, j, 0, DNS_A);
	if (family == IP_V6 || l->have_ipv6)
		ask(l, j, 1, DNS_AAAA);
	return true;
}

static const struct dns_question *
asked(const struct dns_question *q)
{
	return q->type ? q : NULL;
}

/*
 * All questions of the job are answered.  A host without an IPv4 address may
 * have one that we cannot reach now: "none at all" is only said when that has
 * been asked, too.
 */
static void
conclude(struct lookup *l, struct job *j)
{
	bool unasked = l->errand->family == IP_ANY && !asked(&j->q[1]);

	if (j->mx) {
		tell_mx(&l->tell, j->id, &j->q[0]);
	} else if (unasked && j->q[0].answer.result == DNS_NODATA) {
		ask(l, j, 1, DNS_AAAA);
		return;
	} else {
		tell_addr(&l->tell, j->id, str_c(j->name), asked(&j->q[0]),
		    asked(&j->q[1]));
	}
	end_job(l, j);
}

static void
take_answers(struct lookup *l)
{
	struct dns_question *q;

	while ((q = dns_answered(&l->dns)) != NULL) {
		struct job *j = q->owner;

		if (--j->open == 0)
			conclude(l, j);
	}
}

/* Begins the requests that have been read; -1 if one is none. */
static int
take_requests(struct lookup *l)
{
	while (l->jobs < JOBS) {
		struct str line = buf_str(&l->in);
		size_t n = str_find(line, '\n');

		if (n == line.n)
			return n > REQUEST ? -1 : 0;
		if (!take_request(l, str_slice(line, 0, n)))
			return -1;
		buf_shift(&l->in, n + 1);
	}
	return 0;
}

/* Reads requests; 0 at their end, -1 when they cannot be read. */
static int
read_requests(struct lookup *l, int command)
{
	size_t room = l->in.max - l->in.n;
	ssize_t n = sys_read(command, buf_room(&l->in, room), room);

	if (n < 0)
		return errno == EAGAIN ? 1 : -1;
	buf_grew(&l->in, (size_t)n);
	return n > 0;
}

/*
 * Says what there is to say and waits.  command is -1 where no request is
 * wanted.  Returns what read_requests does.
 */
static int
turn(struct lookup *l, int command)
{
	struct pollfd fds[1 + DNS_LIVE];
	int64_t until = INT64_MAX;
	size_t n = 0;

	fds[0] = (struct pollfd){.fd = command, .events = POLLIN};
	if (!l->broken)
		n = dns_wait(&l->dns, fds + 1, &until);
	report_flush(l->tell.report);
	if (l->tell.report->broken)
		return -1;
	if (sys_poll(fds, (nfds_t)n + 1, until) < 0 && errno != EINTR)
		return -1;
	if (!l->broken) {
		dns_step(&l->dns, fds + 1);
		take_answers(l);
	}
	return fds[0].revents != 0 ? read_requests(l, command) : 1;
}

static int
serve(struct lookup *l, int command, struct err *e)
{
	int more = 1;

	while (more > 0 && take_requests(l) == 0)
		more = turn(l, l->jobs < JOBS ? command : -1);
	if (more > 0)
		err_set(e, ERR_SYNTAX, "no request for a lookup");
	else if (more < 0)
		err_sys(e, "waiting for requests");
	return more == 0 ? 0 : -1;
}

int
lookup_serve(
    const struct lookup_errand *errand, int command, struct report *report)
{
	const struct sandbox_writes writes = {.stream = {report->fd, -1}};
	struct lookup l;
	struct err e;
	int result = -1;

	open_lookup(&l, errand, report);
	/* What a system lacks, the smtp agents say. */
	if (sandbox_lock(SANDBOX_LOOKUP, &writes, &e) >= 0)
		result = serve(&l, command, &e);
	if (result < 0)
		tell_log(&l.tell, LOG_LEVEL_ERROR, str_c(e.text));
	report_flush(report);
	close_lookup(&l);
	return result;
}

void
lookup_answer(const struct lookup_errand *errand, struct report *report,
    struct str request)
{
	struct lookup l;
	bool good;

	open_lookup(&l, errand, report);
	good = take_request(&l, request);
	while (good && l.jobs > 0)
		good = turn(&l, -1) > 0;
	if (!good)
		tell_log(&l.tell, LOG_LEVEL_ERROR, STR("a lookup failed"));
	report_flush(report);
	close_lookup(&l);
}
