/* SPDX-License-Identifier: ISC */
#include "agent/lookup.h"

#include <errno.h>

#include "agent/tell.h"
#include "base/clock.h"
#include "net/dns.h"
#include "os/become.h"
#include "os/sandbox.h"
#include "os/sys.h"
#include "route/service.h"

enum {
	JOBS = 1000,   /* no more requests are read while so many are open */
	REQUEST = 512, /* the longest line */
	INPUT = 8192,
};

/* What can be asked for. */
enum what { WHAT_MX, WHAT_SRV, WHAT_ADDR };

static const struct ask {
	const char *word;
	enum what what;
	enum ip_family family; /* of addresses */
} asks[] = {
    {"mx", WHAT_MX, IP_ANY},
    {"srv", WHAT_SRV, IP_ANY},
    {"addr", WHAT_ADDR, IP_ANY},
    {"addr4", WHAT_ADDR, IP_V4},
    {"addr6", WHAT_ADDR, IP_V6},
};

struct job {
	uint32_t id;
	enum what what;
	enum ip_family family; /* of the addresses that are of use */
	unsigned open;	       /* questions that are not answered */
	char name[DNS_NAME_SIZE];
	struct dns_question q[2]; /* MX; or both services; or A and AAAA.  Type
				     0: not asked */
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
ask_about(struct lookup *l, struct job *j, size_t which, struct str name,
    enum dns_type type)
{
	struct dns_question *q = &j->q[which];

	q->owner = j;
	dns_ask(&l->dns, q, name, type, clock_now() + l->errand->timeout);
	j->open++;
}

static void
ask(struct lookup *l, struct job *j, size_t which, enum dns_type type)
{
	ask_about(l, j, which, str_c(j->name), type);
}

/* Both forms in one flight. */
static void
ask_services(struct lookup *l, struct job *j)
{
	struct buf b;

	buf_init(&b, 2 * DNS_NAME_SIZE);
	buf_printf(&b, SERVICE_ENCRYPTED "%s", j->name);
	ask_about(l, j, 0, buf_str(&b), DNS_SRV);
	buf_clear(&b);
	buf_printf(&b, SERVICE_STARTTLS "%s", j->name);
	ask_about(l, j, 1, buf_str(&b), DNS_SRV);
	buf_free(&b);
}

/* Both families in one flight; not what could not be reached (C-22). */
static void
ask_addresses(struct lookup *l, struct job *j)
{
	if (j->family != IP_V6)
		ask(l, j, 0, DNS_A);
	if (j->family == IP_V6 || (j->family == IP_ANY && l->have_ipv6))
		ask(l, j, 1, DNS_AAAA);
}

/* Is it a name that can be asked for? */
static bool
is_askable(enum what what, struct str name)
{
	return dns_is_name(name) &&
	    (what != WHAT_SRV || name.n <= SERVICE_DOMAIN_MAX);
}

/* Answers a request at once if there is nothing to ask. */
static bool
refuse(struct lookup *l, enum what what, uint32_t id, struct str name)
{
	static const struct {
		enum blame blame;
		const char *enhanced;
	} faults[] = {
	    [WHAT_MX] = {BLAME_RCPT, "5.1.2"},
	    [WHAT_SRV] = {BLAME_US, "4.4.4"},
	    [WHAT_ADDR] = {BLAME_HOST, "5.4.4"},
	};
	struct status status;
	struct buf text;
	bool refused = true;

	buf_init(&text, REPORT_TEXT);
	if (l->broken) {
		buf_add(&text, str_c(l->why.text));
		status = status_own(BLAME_US, "4.4.3", buf_str(&text));
	} else if (!is_askable(what, name)) {
		buf_printf(&text, "\"%.*s\" is no name that a host can have",
		    STR_ARG(name));
		status = status_own(
		    faults[what].blame, faults[what].enhanced, buf_str(&text));
	} else {
		refused = false;
	}
	if (refused)
		tell_status(&l->tell, id, &status);
	buf_free(&text);
	return refused;
}

static const struct ask *
ask_of(struct str word)
{
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++)
		if (str_eq(word, str_c(asks[i].word)))
			return &asks[i];
	return NULL;
}

/* Takes a request, as agent_request writes it; false if it is none. */
static bool
take_request(struct lookup *l, struct str line)
{
	const struct ask *wanted;
	struct str word, number;
	uint64_t id;
	struct job *j;

	if (!str_split(&line, ' ', &word) || !str_split(&line, ' ', &number) ||
	    line.p == NULL || !str_number(number, UINT32_MAX, &id))
		return false;
	wanted = ask_of(word);
	if (wanted == NULL)
		return false;
	if (refuse(l, wanted->what, (uint32_t)id, line))
		return true;
	j = take_job(l);
	j->id = (uint32_t)id;
	j->what = wanted->what;
	j->family =
	    wanted->family == IP_ANY ? l->errand->family : wanted->family;
	memcpy(j->name, line.p, line.n);
	if (j->what == WHAT_MX)
		ask(l, j, 0, DNS_MX);
	else if (j->what == WHAT_SRV)
		ask_services(l, j);
	else
		ask_addresses(l, j);
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
	bool unasked = j->family == IP_ANY && !asked(&j->q[1]);

	if (j->what == WHAT_MX) {
		tell_mx(&l->tell, j->id, &j->q[0]);
	} else if (j->what == WHAT_SRV) {
		tell_srv(&l->tell, j->id, &j->q[0], &j->q[1]);
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
	if (become_other(&e) >= 0 &&
	    sandbox_lock(SANDBOX_LOOKUP, &writes, &e) >= 0)
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
