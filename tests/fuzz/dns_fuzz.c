/* SPDX-License-Identifier: ISC */
/*
 * An answer of the DNS (C-06, C-08, C-28), to the question that it says it is
 * for; the first byte picks the type that was wanted.  Where its aliases
 * lead out of it, the same packet is the next answer, too.
 */
#include <assert.h>

#include "fuzz.h"
#include "net/dns_packet.h"

static const enum dns_type types[] = {
    DNS_MX, DNS_A, DNS_AAAA, DNS_TXT, DNS_TLSA, DNS_SRV};

static void
check(const struct dns_answer *a, enum dns_type type)
{
	assert(a->n <= DNS_RECORDS && a->aliases <= DNS_CHAIN);
	assert(a->result <= DNS_CHASE && a->unusable <= DNS_PACKET_MAX);
	assert(a->n == 0 || a->result == DNS_FOUND || a->result == DNS_LATER);
	assert(a->result != DNS_FOUND || a->n + a->unusable > 0);
	assert(a->result != DNS_CHASE || a->aliases > 0);
	assert(a->result != DNS_LATER || a->reason);
	for (size_t i = 0; i < a->aliases; i++)
		assert(dns_is_name(a->alias[i]));
	for (size_t i = 0; i < a->n; i++) {
		const struct dns_record *r = &a->record[i];

		if (type == DNS_MX || type == DNS_SRV)
			assert(
			    dns_is_name(r->name) || str_eq(r->name, STR(".")));
		if (type == DNS_SRV && !str_eq(r->name, STR(".")))
			assert(r->port > 0 && r->port <= 65535);
		else if (type == DNS_A || type == DNS_AAAA)
			assert((type == DNS_A) == (r->ip.family == AF_INET));
	}
}

static void
parse(struct str packet, struct str name, enum dns_type type, struct pool *p,
    struct dns_answer *a)
{
	bool secure = a->secure;

	dns_parse(packet, name, type, p, a);
	check(a, type);
	assert(secure || !a->secure);
}

/* A question is no answer, unless somebody says so; and it asks for one. */
static void
check_query(struct str name, enum dns_type type, bool edns)
{
	unsigned char out[DNS_QUERY_SIZE];
	size_t n = dns_query(out, name, type, 0x1234, edns);
	struct str packet = str_of((const char *)out, n);

	assert(n <= sizeof(out));
	assert(n > 0 || !dns_is_name(name));
	if (n == 0)
		return;
	assert(!dns_is_reply(packet, name, type, 0x1234));
	out[2] |= 0x80;
	assert(dns_is_reply(packet, name, type, 0x1234));
	assert(!dns_is_reply(packet, name, type, 0x1235));
	assert(!dns_is_reply(packet, STR("other.example"), type, 0x1234) ||
	    str_ieq(name, STR("other.example")));
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
	parse(packet, STR("a.org"), type, &pool, &a);
	for (size_t i = 0; a.result == DNS_CHASE; i++) {
		assert(i < DNS_CHAIN);
		check_query(a.alias[a.aliases - 1], type, i & 1);
		parse(packet, a.alias[a.aliases - 1], type, &pool, &a);
	}
	check_query(str_slice(packet, 0, 255), type, p[0] & 64);
	pool_free(&pool);
	return 0;
}
