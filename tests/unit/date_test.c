/* SPDX-License-Identifier: ISC */
/* mail/date in the zones of the world (B-13). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <locale.h>
#include <cmocka.h>

#include "mail/date.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Zones as POSIX writes them, so that no zone database is needed. */
static const struct {
	const char *title;
	const char *zone;
	long long t;
	const char *date;
} rows[] = {
    {"UTC is +0000", "UTC0", 1795533685, "Tue, 24 Nov 2026 15:21:25 +0000"},
    {"the header's example", "CET-1CEST,M3.5.0,M10.5.0/3", 1795533685,
	"Tue, 24 Nov 2026 16:21:25 +0100"},
    {"in summer", "CET-1CEST,M3.5.0,M10.5.0/3", 1783000000,
	"Thu, 2 Jul 2026 15:46:40 +0200"},
    {"west", "EST5EDT,M3.2.0,M11.1.0", 1795533685,
	"Tue, 24 Nov 2026 10:21:25 -0500"},
    {"an hour and a half", "IST-5:30", 1795533685,
	"Tue, 24 Nov 2026 20:51:25 +0530"},
    {"half an hour west", "NST3:30", 1795533685,
	"Tue, 24 Nov 2026 11:51:25 -0330"},
    {"less than an hour west", "XXX0:30", 1795533685,
	"Tue, 24 Nov 2026 14:51:25 -0030"},
    {"three quarters", "XXX-12:45", 1795533685,
	"Wed, 25 Nov 2026 04:06:25 +1245"},
    {"the farthest east", "XXX-14", 1795533685,
	"Wed, 25 Nov 2026 05:21:25 +1400"},
    {"the farthest west", "XXX12", 1795533685,
	"Tue, 24 Nov 2026 03:21:25 -1200"},
    {"less than a minute is none", "XXX0:00:30", 1795533685,
	"Tue, 24 Nov 2026 15:20:55 +0000"},
    {"the epoch", "UTC0", 0, "Thu, 1 Jan 1970 00:00:00 +0000"},
    {"before it", "UTC0", -1, "Wed, 31 Dec 1969 23:59:59 +0000"},
    {"a leap day", "UTC0", 951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
    {"behind 2038", "UTC0", 4294967296, "Sun, 7 Feb 2106 06:28:16 +0000"},
    {"the last year of four digits", "UTC0", 253402300799,
	"Fri, 31 Dec 9999 23:59:59 +0000"},
    {"more digits", "UTC0", 253402300800, "Sat, 1 Jan 10000 00:00:00 +0000"},
    {"fewer digits", "UTC0", -30610224000, "Wed, 1 Jan 1000 00:00:00 +0000"},
    {"three digits are padded", "UTC0", -30610224001,
	"Tue, 31 Dec 0999 23:59:59 +0000"},
    {"no such year: zone unknown", "UTC0", INT64_MAX,
	"Thu, 1 Jan 1970 00:00:00 -0000"},
};

static void
zones(void **state)
{
	struct buf b;
	size_t wrong = 0;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(setenv("TZ", rows[i].zone, 1), 0);
		tzset();
		buf_clear(&b);
		date_5322(&b, (time_t)rows[i].t);
		if (strcmp(b.p, rows[i].date) == 0)
			continue;
		print_error("%s: expected %s, got %s\n", rows[i].title,
		    rows[i].date, b.p);
		wrong++;
	}
	buf_free(&b);
	assert_int_equal(wrong, 0);
}

/* Every second around the last that int years hold: no overflow. */
static void
farthest(void **state)
{
	const int64_t last = 67768036191676799;
	struct buf b;

	(void)state;
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	buf_init(&b, 100);
	date_5322(&b, (time_t)last);
	assert_string_equal(b.p, "Wed, 31 Dec 2147485547 23:59:59 +0000");
	buf_clear(&b);
	date_5322(&b, (time_t)last + 1);
	assert_string_equal(b.p, "Thu, 1 Jan 1970 00:00:00 -0000");
	buf_free(&b);
}

/* English, whatever the environment says and even if it is listened to. */
static void
locales(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	assert_int_equal(setenv("LC_ALL", "de_DE.UTF-8", 1), 0);
	(void)setlocale(LC_ALL, "");
	tzset();
	buf_init(&b, 100);
	date_5322(&b, 1793836800);
	assert_string_equal(b.p, "Thu, 5 Nov 2026 00:00:00 +0000");
	buf_free(&b);
	(void)setlocale(LC_ALL, "C");
}

/* Appended, not written over. */
static void
appended(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add(&b, STR("Date: "));
	date_5322(&b, 0);
	assert_true(str_starts(buf_str(&b), STR("Date: Thu, 1 Jan 1970")));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(zones),
	    cmocka_unit_test(farthest),
	    cmocka_unit_test(locales),
	    cmocka_unit_test(appended),
	};

	return cmocka_run_group_tests_name("mail/date", tests, NULL, NULL);
}
