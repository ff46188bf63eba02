/* SPDX-License-Identifier: ISC */
#include "net/dns_packet.h"

#include <arpa/nameser.h>
#include <netinet/in.h>
#include <resolv.h>

#include "base/char.h"

/* Bits of the third byte of a header, and of the fourth. */
enum { QR = 0x80, OPCODE = 0x78, AA = 0x04, TC = 0x02 };
enum { RA = 0x80, AD = 0x20, RCODE = 0x0f };

/* The root, type OPT, payload 1232, version 0, DO, no options. */
static const unsigned char opt[] = {
    0, 0, ns_t_opt, 1232 >> 8, 1232 & 0xff, 0, 0, 0x80, 0, 0, 0};

static const char *const rcodes[] = {
    [ns_r_formerr] = "FORMERR",
    [ns_r_servfail] = "SERVFAIL",
    [ns_r_notimpl] = "NOTIMP",
    [ns_r_refused] = "REFUSED",
    [ns_r_yxdomain] = "YXDOMAIN",
    [ns_r_yxrrset] = "YXRRSET",
    [ns_r_nxrrset] = "NXRRSET",
    [ns_r_notauth] = "NOTAUTH",
    [ns_r_notzone] = "NOTZONE",
    [ns_r_badvers] = "BADVERS",
};

static const unsigned char *
bytes(struct str packet)
{
	return (const unsigned char *)packet.p;
}

bool
dns_is_name(struct str s)
{
	size_t label = 0;

	if (s.n == 0 || s.n > 253)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!char_is_letter(c) && !char_is_digit(c) &&
		    c != '-' && c != '_') {
			return false;
		} else if (++label > 63) {
			return false;
		}
	}
	return label > 0;
}

size_t
dns_query(unsigned char *out, struct str name, enum dns_type type, uint16_t id,
    bool edns)
{
	struct __res_state state = {.options = RES_INIT | RES_RECURSE};
	char text[DNS_NAME_SIZE];
	int n;

	if (!dns_is_name(name))
		return 0;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	n = res_nmkquery(&state, ns_o_query, text, ns_c_in, (int)type, NULL, 0,
	    NULL, out, DNS_QUERY_SIZE - (int)sizeof(opt));
	if (n < NS_HFIXEDSZ)
		return 0;
	out[0] = (unsigned char)(id >> 8);
	out[1] = (unsigned char)(id & 0xff);
	out[3] |= AD; /* is asked for (RFC 6840, 5.7) */
	if (!edns)
		return (size_t)n;
	out[11] = 1; /* one additional record */
	memcpy(out + n, opt, sizeof(opt));
	return (size_t)n + sizeof(opt);
}

static bool
same_question(struct str packet, struct str name, enum dns_type type)
{
	const unsigned char *p = bytes(packet);
	const unsigned char *end = p + packet.n;
	char text[NS_MAXDNAME];
	int n = ns_name_uncompress(p, end, p + NS_HFIXEDSZ, text, sizeof(text));

	return n > 0 && end - p - NS_HFIXEDSZ - n >= 4 &&
	    str_ieq(str_c(text), name) &&
	    ns_get16(p + NS_HFIXEDSZ + n) == (unsigned)type &&
	    ns_get16(p + NS_HFIXEDSZ + n + 2) == ns_c_in;
}

bool
dns_is_reply(
    struct str packet, struct str name, enum dns_type type, uint16_t id)
{
	const unsigned char *p = bytes(packet);

	if (packet.n < NS_HFIXEDSZ || packet.n > DNS_PACKET_MAX)
		return false;
	if (ns_get16(p) != id || (p[2] & (QR | OPCODE)) != QR)
		return false;
	if (ns_get16(p + 4) == 1)
		return same_question(packet, name, type);
	/* An error that has no more to say than its number. */
	return ns_get16(p + 4) == 0 && (p[3] & RCODE) != ns_r_noerror &&
	    (p[3] & RCODE) != ns_r_nxdomain;
}

bool
dns_is_truncated(struct str packet)
{
	return (bytes(packet)[2] & TC) != 0;
}

/* The response code, with the bits that EDNS adds. */
static unsigned
full_rcode(ns_msg *msg)
{
	unsigned rcode = ns_msg_base(*msg)[3] & RCODE;
	int n = ns_msg_count(*msg, ns_s_ar);

	for (int i = 0; i < n; i++) {
		ns_rr rr;

		if (ns_parserr(msg, ns_s_ar, i, &rr) < 0)
			break;
		if (ns_rr_type(rr) == ns_t_opt)
			return rcode | (ns_rr_ttl(rr) >> 24) << 4;
	}
	return rcode;
}

static struct str
owner(const ns_rr *rr)
{
	return str_c(ns_rr_name(*rr));
}

/*
 * Expands the name that fills the data of rr from its byte at on.  False if
 * it does not, or cannot be expanded.
 */
static bool
expand(ns_msg *msg, const ns_rr *rr, size_t at, char text[NS_MAXDNAME])
{
	int n;

	if (ns_rr_rdlen(*rr) <= at)
		return false;
	n = ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg),
	    ns_rr_rdata(*rr) + at, text, NS_MAXDNAME);
	return n > 0 && (size_t)n == ns_rr_rdlen(*rr) - at;
}

static struct str
lower(struct pool *p, const char *text)
{
	size_t n = strlen(text);
	char *copy = pool_take(p, n + 1);

	for (size_t i = 0; i < n; i++)
		copy[i] = char_lower(text[i]);
	return str_of(copy, n);
}

static size_t
most(ns_msg *msg)
{
	size_t n = ns_msg_count(*msg, ns_s_an);

	return n < DNS_RECORDS ? n : DNS_RECORDS;
}

/*
 * Reads a record that ends in a host's name, behind numbers.  False if it is
 * malformed; *usable says whether there could be such a host.
 */
static bool
take_host(ns_msg *msg, const ns_rr *rr, struct pool *p, struct dns_record *r,
    bool *usable)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	bool srv = ns_rr_type(*rr) == ns_t_srv;
	char text[NS_MAXDNAME];

	if (!expand(msg, rr, srv ? 6 : 2, text))
		return false;
	r->preference = ns_get16(data);
	if (srv) {
		r->weight = ns_get16(data + 2);
		r->port = ns_get16(data + 4);
	}
	r->name = lower(p, text);
	*usable = strcmp(text, ".") == 0 ||
	    (dns_is_name(r->name) && (!srv || r->port > 0));
	return true;
}

/* Adds the record to the answer; false if it is malformed. */
static bool
take(ns_msg *msg, const ns_rr *rr, struct pool *p, struct dns_answer *a)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t n = ns_rr_rdlen(*rr);
	unsigned type = ns_rr_type(*rr);
	struct dns_record r = {0};
	bool usable = true;

	if (a->n == DNS_RECORDS)
		return true;
	if (a->record == NULL)
		a->record = pool_array(p, most(msg), sizeof(r));
	if (type == DNS_A || type == DNS_AAAA) {
		if (n != (type == DNS_A ? 4 : 16) ||
		    !ip_from_bytes(&r.ip, data, n))
			return false;
	} else if (type == DNS_MX || type == DNS_SRV) {
		if (!take_host(msg, rr, p, &r, &usable))
			return false;
	} else {
		r.data = pool_str(p, str_of((const char *)data, n));
	}
	if (usable)
		a->record[a->n++] = r;
	else
		a->unusable++;
	return true;
}

enum found { FOUND_NOTHING, FOUND_RECORDS, FOUND_ALIAS, FOUND_GARBAGE };

/* What the answer section has of name; an alias's target goes to target. */
static enum found
look(ns_msg *msg, struct str name, enum dns_type type, struct pool *p,
    struct dns_answer *a, char target[NS_MAXDNAME])
{
	enum found found = FOUND_NOTHING;
	int n = ns_msg_count(*msg, ns_s_an);

	for (int i = 0; i < n; i++) {
		ns_rr rr;

		if (ns_parserr(msg, ns_s_an, i, &rr) < 0)
			return FOUND_GARBAGE;
		if (ns_rr_class(rr) != ns_c_in || !str_ieq(owner(&rr), name))
			continue;
		if (ns_rr_type(rr) == (unsigned)type) {
			if (!take(msg, &rr, p, a))
				return FOUND_GARBAGE;
			found = FOUND_RECORDS;
		} else if (ns_rr_type(rr) == ns_t_cname &&
		    found == FOUND_NOTHING) {
			if (!expand(msg, &rr, 0, target))
				return FOUND_GARBAGE;
			found = FOUND_ALIAS;
		}
	}
	return found;
}

/* Is name zone, or in it? */
static bool
is_below(struct str name, struct str zone)
{
	if (str_eq(zone, STR(".")))
		return true;
	if (zone.n > name.n ||
	    !str_ieq(str_slice(name, name.n - zone.n, name.n), zone))
		return false;
	return zone.n == name.n || name.p[name.n - zone.n - 1] == '.';
}

/* Does the start of a zone that name is in prove that it has no record? */
static bool
has_proof(ns_msg *msg, struct str name)
{
	int n = ns_msg_count(*msg, ns_s_ns);

	for (int i = 0; i < n; i++) {
		ns_rr rr;

		if (ns_parserr(msg, ns_s_ns, i, &rr) < 0)
			break;
		if (ns_rr_type(rr) == ns_t_soa && is_below(name, owner(&rr)))
			return true;
	}
	return false;
}

/* What it means that nothing is said of name, the end of a chain or not. */
static void
conclude(ns_msg *msg, struct str name, bool chained, struct dns_answer *a)
{
	const unsigned char *head = ns_msg_base(*msg);

	if (a->rcode == ns_r_nxdomain)
		a->result = DNS_NXDOMAIN;
	else if (has_proof(msg, name))
		a->result = DNS_NODATA;
	else if (chained)
		a->result = DNS_CHASE;
	else if ((head[2] & AA) == 0 && (head[3] & RA) == 0)
		a->reason = "a referral elsewhere";
	else
		a->result = DNS_NODATA;
}

static void
follow(ns_msg *msg, struct str name, enum dns_type type, struct pool *p,
    struct dns_answer *a)
{
	size_t before = a->aliases;
	char target[NS_MAXDNAME];

	for (;;) {
		enum found found = look(msg, name, type, p, a, target);

		if (found == FOUND_GARBAGE)
			return;
		if (found == FOUND_RECORDS) {
			a->result = DNS_FOUND;
			return;
		}
		if (found == FOUND_NOTHING) {
			conclude(msg, name, a->aliases > before, a);
			return;
		}
		if (!dns_is_name(str_c(target))) {
			a->reason = "a CNAME that is no host name";
			return;
		}
		if (a->aliases == DNS_CHAIN) {
			a->result = DNS_LOOP;
			return;
		}
		name = lower(p, target);
		a->alias[a->aliases++] = name;
	}
}

void
dns_parse(struct str packet, struct str name, enum dns_type type,
    struct pool *p, struct dns_answer *a)
{
	ns_msg msg;

	a->result = DNS_LATER;
	a->reason = "a malformed answer";
	a->rcode = ns_r_noerror;
	a->record = NULL;
	a->n = a->unusable = 0;
	if (packet.n < NS_HFIXEDSZ || packet.n > DNS_PACKET_MAX ||
	    ns_initparse(bytes(packet), (int)packet.n, &msg) < 0)
		return;
	a->rcode = full_rcode(&msg);
	a->secure = a->secure && (bytes(packet)[3] & AD) != 0;
	if (a->rcode == ns_r_noerror || a->rcode == ns_r_nxdomain) {
		follow(&msg, name, type, p, a);
		return;
	}
	a->reason = "an unknown error";
	if (a->rcode < sizeof(rcodes) / sizeof(rcodes[0]) && rcodes[a->rcode])
		a->reason = rcodes[a->rcode];
}
