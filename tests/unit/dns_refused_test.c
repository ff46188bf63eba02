/* SPDX-License-Identifier: ISC */
/*
 * C-34: where the kernel refuses what a question needs, the answer is "later"
 * with its words, at once or from the next server; never "no".
 */
#include "net/dns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "../lib/asker.h"
#include "../lib/child.h"

#define D "example.org"

static const struct refusal no_chance = {
    .call = SYS_getrandom, .error = ENOSYS};
static const struct refusal no_way = {
    .call = SYS_connect, .error = ENETUNREACH};
static const struct refusal no_socket = {.call = SYS_socket, .error = EMFILE};
/* sys_send's alone: virtual time and the oracle send, too. */
static const struct refusal no_sending = {
    .call = SYS_sendto, .error = EPERM, .arg = 4, .value = MSG_NOSIGNAL};
static const struct refusal no_stream = {
    .call = SYS_socket,
    .error = ENFILE,
    .arg = 2,
    .value = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
};

static struct wire w;

/* A server after whose word a number at random cannot be had. */
static void
say_formerr(struct oracle *o, const struct query *q)
{
	child_refuse(&no_chance, 1);
	wire_reply(&w, q, USUAL | 1);
	oracle_wire(o, &w);
}

static void
say_truncated(struct oracle *o, const struct query *q)
{
	wire_reply(&w, q, USUAL | TC);
	oracle_wire(o, &w);
}

static const struct refused {
	void (*answer)(struct oracle *, const struct query *);
	const struct refusal *refusal; /* at once, if there is one */
	bool tcp_only;
	const char *reason; /* or of this errno */
	int error;
	unsigned announced; /* queries: one to each of two servers */
} table[] = {
    {asker_say_mx, &no_chance, false, "no random number", 0, 2},
    {asker_say_mx, &no_chance, true, "no random number", 0, 0},
    {asker_say_mx, &no_socket, false, NULL, EMFILE, 2},
    {asker_say_mx, &no_socket, true, NULL, EMFILE, 2},
    {asker_say_mx, &no_way, false, NULL, ENETUNREACH, 2},
    {asker_say_mx, &no_way, true, NULL, ENETUNREACH, 2},
    {asker_say_mx, &no_sending, false, NULL, EPERM, 2},
    {say_formerr, NULL, false, "no random number", 0, 2},
    {say_truncated, &no_stream, false, NULL, ENFILE, 4},
};

static int
ask(void *arg)
{
	const struct refused *r = arg;
	const struct dns_answer *answer;

	asker_start(2, r->answer);
	asker.dns.tcp_only = r->tcp_only;
	if (r->refusal)
		child_refuse(r->refusal, 1);
	answer = asker_ask(D, DNS_MX);
	CHILD_CHECK(answer->result == DNS_LATER);
	CHILD_CHECK(answer->n == 0 && !answer->secure);
	if (r->error)
		CHILD_CHECK(strcmp(answer->reason, strerror(r->error)) == 0);
	else
		CHILD_CHECK(strcmp(answer->reason, r->reason) == 0);
	CHILD_CHECK(asker.asked == r->announced);
	CHILD_CHECK(asker_passed() == 0);
	asker_stop();
	return 0;
}

static void
later_is_the_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct refused r = table[i];

		if (child_run(ask, &r) != 0)
			fail_msg("row %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(later_is_the_answer),
	};

	return cmocka_run_group_tests_name("dns_refused", tests, NULL, NULL);
}
