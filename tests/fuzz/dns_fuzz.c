/* SPDX-License-Identifier: ISC */
/*
 * An answer of the DNS (C-06, C-08), to the question that it says it is
 * for; the first byte picks the type that was wanted.
 */
#include <assert.h>

#include "fuzz.h"
#include "net/dns_packet.h"

static const enum dns_type types[] = {
    DNS_MX, DNS_A, DNS_AAAA, DNS_TXT, DNS_TLSA};

static void
check(const struct dns_answer *a, enum dns_type type)
{
	assert(a->n <= DNS_RECORDS && a->aliases <= DNS_CHAIN);
	assert(a->n == 0 || a->result == DNS_FOUND || a->result == DNS_LATER);
	assert(a->result != DNS_FOUND || a->n + a->unusable > 0);
	assert(a->result != DNS_CHASE || a->aliases > 0);
	assert(a->result != DNS_LATER || a->reason);
	for (size_t i = 0; i < a->aliases; i++)
		assert(dns_is_name(a->alias[i]));
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->record[i];

		if (type == DNS_MX)
			assert(
			    dns_is_name(r->name) || str_eq(r->name, STR(".")));
		else if (type == DNS_A || type == DNS_AAAA)
			assert((type == DNS_A) == (r->ip.family == AF_INET));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct dns_answer a = {.secure = true};
	struct pool pool = {0};
	struct str packet;
	enum dns_type type;
	bool mine;

	if (n < 1)
		return 0;
	packet = str_of((const char *)p + 1, n - 1);
	type = types[p[0] % (sizeof(types) / sizeof(types[0]))];
	mine = dns_is_reply(packet, STR("a.org"), type, 0);
	assert(!mine || packet.n >= 12);
	if (mine)
		(void)dns_is_truncated(packet);
	dns_parse(packet, STR("a.org"), type, &pool, &a);
	check(&a, type);
	pool_free(&pool);
	return 0;
}
