/* SPDX-License-Identifier: ISC */
/* mail/stuff: dots; what stuff_test shows of all texts, in plain sight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../lib/guard.h"
#include "mail/stuff.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

static const struct {
	const char *title;
	struct str in;
	struct str out;
} stuffed[] = {
    {"D-43: nothing", S(""), S(".\r\n")},
    {"D-43: no blank line is added", S("a\r\n"), S("a\r\n.\r\n")},
    {"D-43: nor taken away", S("a\r\n\r\n"), S("a\r\n\r\n.\r\n")},
    {"D-43: a line end is supplied", S("a"), S("a\r\n.\r\n")},
    {"D-43: or half of it", S("a\r"), S("a\r\n.\r\n")},
    {"D-42: the first line", S(".a\r\n"), S("..a\r\n.\r\n")},
    {"D-42: a lone dot", S(".\r\n"), S("..\r\n.\r\n")},
    {"D-42: two dots", S("..\r\n"), S("...\r\n.\r\n")},
    {"D-42: each line", S(".\r\n.\r\na.\r\n..b.\r\n"),
	S("..\r\n..\r\na.\r\n...b.\r\n.\r\n")},
    {"D-42: no other dot", S("a.b\r\n .c\r\n"), S("a.b\r\n .c\r\n.\r\n")},
    {"D-44: behind a bare LF, too", S("a\n.\r\n"), S("a\n..\r\n.\r\n")},
};

static void
dots(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	for (size_t i = 0; i < COUNT(stuffed); i++)
		for (size_t first = 0; first <= stuffed[i].in.n; first++) {
			struct str in = guard_str(stuffed[i].in);
			struct dots d = {0};

			buf_clear(&out);
			dots_feed(&d, str_slice(in, 0, first), &out);
			dots_feed(&d, str_slice(in, first, in.n), &out);
			dots_end(&d, &out);
			if (!str_eq(buf_str(&out), stuffed[i].out))
				fail_msg("%s", stuffed[i].title);
		}
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dots),
	};

	return cmocka_run_group_tests_name(
	    "mail/stuff, dots", tests, NULL, NULL);
}
