/* SPDX-License-Identifier: ISC */
#include "agent/name.h"

#include <sys/socket.h>

#include "base/clock.h"
#include "net/host.h"

enum { ADDRESSES = 16 };

static void
show(const struct lookup_errand *errand, struct report *report, struct str text)
{
	int64_t ms = clock_now() - errand->start;
	struct record r = {.kind = RECORD_SHOW, .text = text};

	if (!errand->show)
		return;
	r.number = ms < 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
	report_put(report, &r);
	report_flush(report);
}

static int
family_of(enum ip_family wanted)
{
	if (wanted == IP_V6)
		return AF_INET6;
	/* What could not be reached is not asked for (C-22). */
	return wanted == IP_V4 || !ip_have(AF_INET6) ? AF_INET : AF_UNSPEC;
}

static void
put(struct report *report, const struct ip *ip)
{
	struct record r = {.kind = RECORD_ADDR};
	struct buf b;

	buf_init(&b, 64);
	ip_print(&b, ip);
	r.name = buf_str(&b);
	report_put(report, &r);
	buf_free(&b);
}

void
name_refused(struct report *report, const struct err *why)
{
	struct record found = {.kind = RECORD_FOUND};

	found.status = status_own(BLAME_US, "4.3.0", str_c(why->text));
	report_put(report, &found);
	report_flush(report);
}

void
name_look_up(
    const struct lookup_errand *errand, struct str host, struct report *report)
{
	struct record found = {.kind = RECORD_FOUND};
	struct ip ip[ADDRESSES];
	struct buf line;
	struct err e;
	size_t n;

	buf_init(&line, REPORT_TEXT);
	buf_printf(&line, "relay %.*s: looking up its address", STR_ARG(host));
	show(errand, report, buf_str(&line));
	n = host_look_up(host, family_of(errand->family), ip, ADDRESSES, &e);
	buf_clear(&line);
	for (size_t i = 0; i < n; i++) {
		put(report, &ip[i]);
		buf_add(&line, i ? STR(", ") : STR("addresses: "));
		ip_print(&line, &ip[i]);
	}
	found.status = status_own(BLAME_NONE, "2.0.0", STR_NONE);
	if (n == 0) {
		buf_printf(&line,
		    "no address of the relay %.*s is found: %s; is the name "
		    "right, and does the DNS work?",
		    STR_ARG(host), e.text);
		found.status = status_own(BLAME_US,
		    e.kind == ERR_TIMEOUT ? "4.4.3" : "4.4.4", buf_str(&line));
	}
	show(errand, report, buf_str(&line));
	report_put(report, &found);
	report_flush(report);
	buf_free(&line);
}
