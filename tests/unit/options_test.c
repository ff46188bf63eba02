/* SPDX-License-Identifier: ISC */
/* The command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "cli/help.h"
#include "cli/letters.h"
#include "cli/options.h"
#include "mail/dsn_about.h"

enum { ARGS = 12, ARG = 128 };

#define TEN "0123456789"

/*
 * What a command line comes to, as text: mode, flags, values, settings and
 * operands; or the exit status.
 */
static const struct {
	const char *title;
	const char *args[ARGS];
	const char *result;
} cases[] = {
    {"A-01", {"a@b"}, "send | a@b"},
    {"A-02: for the main job to judge", {NULL}, "send |"},
    {"A-04", {"-bd"}, "unsupported(-bd) |"},
    {"A-04", {"-bz", "a"}, "unsupported(-bz) | a"},
    {"A-04: -bs is not built yet", {"-bs"}, "unsupported(-bs) |"},
    {"A-05", {"a@b", "-f@x", "-t@y"}, "send | a@b -f@x -t@y"},
    {"A-05", {"a@b", "-f", "x@y"},
	"64 -f: options end at the first recipient; put this in front of it, "
	"or -- in front of all recipients"},
    {"A-05", {"--", "a@b", "-f"}, "send | a@b -f"},
    {"A-05", {"--", "-t@b"}, "send | -t@b"},
    {"A-05", {"-t", "--", "--", "-v"}, "send t | -- -v"},
    {"A-05: a hyphen is an operand", {"-t", "--", "-", "-v"}, "send t | - -v"},
    {"A-05: an empty one is an operand", {"", "v@w"}, "send |  v@w"},
    {"A-06", {"-f", "a@b", "c"}, "send f=a@b | c"},
    {"A-06", {"-fa@b", "c"}, "send f=a@b | c"},
    {"A-06", {"-f", "-t", "c"}, "send f=-t | c"},
    {"A-06", {"-f"}, "64 -f needs a value"},
    {"A-06", {"-tf"}, "64 -f needs a value"},
    {"A-06", {"-O"}, "64 -O needs a value"},
    {"A-06", {"-o"}, "64 -o needs a value"},
    {"A-07", {"-ti", "x"}, "send t ignore-dots=yes | x"},
    {"A-07", {"-ivt"}, "send t v ignore-dots=yes |"},
    {"A-07", {"-itfa@b"}, "send t f=a@b ignore-dots=yes |"},
    {"A-07", {"-itf", "a@b"}, "send t f=a@b ignore-dots=yes |"},
    {"A-07 G-12", {"-q", "15m"},
	"64 15m: nothing can follow -q, and a time is part of it, as in -q15m"},
    {"A-07", {"-q15m"}, "queue |"},
    {"A-07", {"-d", "0.1"}, "send | 0.1"},
    {"A-08", {"-Ac", "-A", "m", "-c", "-E", "-J", "-m", "-M", "x", "-s", "a"},
	"send | a"},
    {"A-08", {"-T", "-x", "-U", "-cEmsTUx", "-p", "x", "-Qr", "a"}, "send | a"},
    {"A-09", {"-Z", "a"}, "64 unknown option -Z"},
    {"A-09", {"-tZ", "a"}, "64 unknown option -Z"},
    {"A-09", {"-\xff", "a"}, "64 unknown option -\xff"},
    {"A-09", {"--no-such"}, "64 unknown option --no-such"},
    {"A-09", {"--help=x"}, "64 unknown option --help=x"},
    {"A-13", {"-i"}, "send ignore-dots=yes |"},
    {"A-13", {"-oi"}, "send ignore-dots=yes |"},
    {"A-13", {"-O", "IgnoreDots=true"}, "send IgnoreDots=true |"},
    {"A-15", {"-f", "a", "-r", "b"}, "send f=b |"},
    {"A-15", {"-rb", "-fa"}, "send f=a |"},
    {"A-16", {"-f", "", "c"}, "send f= | c"},
    {"A-16", {"-f", "<>", "c"}, "send f=<> | c"},
    {"A-19", {"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"},
	"send F=CronDaemon ignore-dots=yes ErrorMode=m | root"},
    {"A-20", {"-B", "7bit"}, "send |"},
    {"A-20", {"-BBINARYMIME"}, "64 -B BINARYMIME: not a valid type"},
    {"A-21", {"-n", "root"}, "send n | root"},
    {"A-21", {"-ntv"}, "send t v n |"},
    {"A-22", {"-N", "never"}, "send N=never |"},
    {"A-22", {"-NNEVER", "a"}, "send N=never | a"},
    {"A-22", {"-NFailure,DELAY"}, "send N=failure,delay |"},
    {"A-22", {"-N", "success"}, "send N=success |"},
    {"A-22", {"-N", "delay,success,failure"}, "send N=failure,delay,success |"},
    {"A-22", {"-N", "success,success"}, "send N=success |"},
    {"A-15 A-22", {"-N", "never", "-N", "delay"}, "send N=delay |"},
    {"A-22", {"-N", "never,delay"}, "64 -N never,delay: not a valid when"},
    {"A-22", {"-N", "delay,never"}, "64 -N delay,never: not a valid when"},
    {"A-22", {"-N", ""}, "64 -N : not a valid when"},
    {"A-22", {"-N", ","}, "64 -N ,: not a valid when"},
    {"A-22", {"-N", "failures"}, "64 -N failures: not a valid when"},
    {"A-22", {"-N", "delay\r\nRSET"}, "64 -N delay\r\nRSET: not a valid when"},
    {"A-23", {"-R", "FULL"}, "send R=full |"},
    {"A-23", {"-Rhdrs"}, "send R=hdrs |"},
    {"A-23", {"-Rhdrs", "-Rhdrs"}, "64 -R is given twice"},
    {"A-23", {"-Rhdrs", "-Rfull"}, "64 -R is given twice"},
    {"A-23", {"-R", "headers"}, "64 -R headers: not a valid what"},
    {"A-23", {"-R", ""}, "64 -R : not a valid what"},
    {"A-24", {"-V", "a+b=c"}, "send V=a+b=c |"},
    {"A-24", {"-V" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN},
	"send V=" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN " |"},
    {"A-24", {"-V" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x"},
	"64 -V " TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "x: not a valid id"},
    {"A-24", {"-V", ""}, "64 -V : not a valid id"},
    {"A-24", {"-V", "a b"}, "64 -V a b: not a valid id"},
    {"A-24", {"-V", "a\r\nRSET"}, "64 -V a\r\nRSET: not a valid id"},
    {"A-24", {"-V", "\xc3\xa9"}, "64 -V \xc3\xa9: not a valid id"},
    {"A-25", {"-v"}, "send v |"},
    {"A-26", {"-bp"}, "list |"},
    {"A-26", {"-bP"}, "count |"},
    {"K-11", {"-bp", "--json"}, "list json |"},
    {"K-14", {"--json", "--queue-status"}, "status json |"},
    {"G-17", {"--hold", "1A", "1B"}, "hold | 1A 1B"},
    {"G-17", {"--release", "1A"}, "release | 1A"},
    {"G-17", {"--requeue", "ALL"}, "requeue | ALL"},
    {"G-17", {"--delete", "1A"}, "delete | 1A"},
    {"G-12", {"-q15m", "--", "a"},
	"64 a: nothing can follow -q15m, and a time is part of it, as in -q15m"},
    {"G-12", {"--due", "now"}, "64 now: nothing can follow --due"},
    {"A-26", {"-bp", "-v", "a"}, "64 a: nothing can follow -bp"},
    {"A-26", {"-bP", "-"}, "64 -: nothing can follow -bP"},
    {"K-14", {"--queue-status", "a"},
	"64 a: nothing can follow --queue-status"},
    {"A-27", {"-I", "a"}, "64 a: nothing can follow -I"},
    {"A-30", {"-bC", "a"}, "64 a: nothing can follow -bC"},
    {"long words", {"--print-config", "a"},
	"64 a: nothing can follow --print-config"},
    {"G-13", {"-qI1A", "-q!Rx@y", "-qSz"}, "queue +I1A -Rx@y +Sz |"},
    {"G-13", {"-qI1A", "-q15m"}, "queue +I1A |"},
    {"G-13", {"--due", "-qI1A"}, "due +I1A |"},
    {"G-13: of the list", {"-bp", "-qRx"}, "list +Rx |"},
    {"G-13: of the list", {"-q!Rx", "-bP"}, "count -Rx |"},
    {"G-12", {"-q9999d"}, "64 -q9999d: neither a time (15m, 1h30m) nor f"},
    {"G-13", {"-qI"}, "64 -qI: neither a time (15m, 1h30m) nor f"},
    {"A-27", {"-bi"}, "aliases |"},
    {"A-27", {"-I"}, "aliases |"},
    {"A-28: not built yet", {"-bs"}, "unsupported(-bs) |"},
    {"A-30", {"-bC"}, "check |"},
    {"A-04: an unknown mode", {"-bx"}, "64 unknown mode -bx"},
    {"A-31", {"-odb"}, "send DeliveryMode=b |"},
    {"A-32", {"-oee", "-em"}, "send ErrorMode=e ErrorMode=m |"},
    {"A-33", {"-o7", "-om", "-oQ/tmp", "-o", "v", "a"}, "send | a"},
    {"A-33", {"-O", "IgnoreDots"}, "send IgnoreDots=true |"},
    {"A-34", {"-oA/a/b", "-O", "AliasFile=/c"},
	"send AliasFile=/a/b AliasFile=/c |"},
    {"A-34", {"-ODeliveryMode=b", "-Oa = b"}, "send DeliveryMode=b a=b |"},
    {"A-36", {"-h", "3"}, "send |"},
    {"A-36", {"-h", "x"}, "64 -h x: not a valid count"},
    {"A-37", {"-G", "-i", "-f", "s", "--", "r"},
	"send G f=s ignore-dots=yes | r"},
    {"A-38", {"-L", "tag"}, "send L=tag |"},
    {"A-38", {"-L", "a b"}, "64 -L a b: not a valid tag"},
    {"A-40", {"-X", "/tmp/log"}, "77 -X is not permitted"},
    {"A-40", {"-D/tmp/log"}, "77 -D is not permitted"},
    {"A-41", {"-d0.1"}, "version |"},
    {"A-41", {"-d0"}, "version |"},
    {"A-41", {"-d21.4"}, "send |"},
    {"long words", {"--help", "a"}, "help | a"},
    {"long words", {"--print-config", "-C", "f"}, "print-config C=f |"},
    {"long words", {"--check"}, "check |"},
    {"long words", {"--due"}, "due |"},
    {"long words", {"--version"}, "version |"},
};

static const char *const mode_names[MODES] = {
    [MODE_SEND] = "send",
    [MODE_ALIASES] = "aliases",
    [MODE_HELP] = "help",
    [MODE_VERSION] = "version",
    [MODE_CHECK] = "check",
    [MODE_PRINT_CONFIG] = "print-config",
    [MODE_QUEUE] = "queue",
    [MODE_DUE] = "due",
    [MODE_LIST] = "list",
    [MODE_COUNT] = "count",
    [MODE_STATUS] = "status",
    [MODE_HOLD] = "hold",
    [MODE_RELEASE] = "release",
    [MODE_REQUEUE] = "requeue",
    [MODE_DELETE] = "delete",
    [MODE_UNSUPPORTED] = "unsupported",
};

static void
print_value(struct buf *b, const char *name, const char *value)
{
	if (value)
		buf_printf(b, " %s=%s", name, value);
}

static void
print_reports(struct buf *b, const struct options *o)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
	    {DSN_NEVER, "never"},
	    {DSN_ON_FAILURE, "failure"},
	    {DSN_ON_DELAY, "delay"},
	    {DSN_ON_SUCCESS, "success"},
	};
	static const char *const rets[] = {NULL, "full", "hdrs"};
	const char *before = " N=";

	for (size_t i = 0; i < 4; i++)
		if (o->notify & words[i].bit) {
			buf_printf(b, "%s%s", before, words[i].word);
			before = ",";
		}
	print_value(b, "R", rets[o->ret]);
	print_value(b, "V", o->envid);
}

static void
print_options(struct buf *b, const struct options *o)
{
	buf_printf(b, "%s", mode_names[o->mode]);
	if (o->mode == MODE_UNSUPPORTED)
		buf_printf(b, "(%s)", o->what);
	buf_printf(b, "%s%s%s%s%s", o->from_header ? " t" : "",
	    o->verbose ? " v" : "", o->gateway ? " G" : "",
	    o->no_aliases ? " n" : "", o->json ? " json" : "");
	for (size_t i = 0; i < o->selectors_n; i++)
		buf_printf(b, " %c%c%.*s", o->selectors[i].negated ? '-' : '+',
		    "IRS"[o->selectors[i].by], STR_ARG(o->selectors[i].part));
	print_value(b, "f", o->sender);
	print_value(b, "F", o->full_name);
	print_value(b, "C", o->config);
	print_value(b, "L", o->tag);
	print_reports(b, o);
	for (size_t i = 0; i < o->settings_n; i++)
		buf_printf(b, " %.*s=%.*s", STR_ARG(o->settings[i].key),
		    STR_ARG(o->settings[i].value));
	buf_add(b, STR(" |"));
	for (size_t i = 0; i < o->operands_n; i++)
		buf_printf(b, " %s", o->operands[i]);
}

/* The result of a run with argv[0] and these arguments. */
static void
run(struct buf *b, const char *const *args, enum mode mode)
{
	char name[] = "hantar";
	char *argv[ARGS + 1] = {name};
	char copies[ARGS][ARG];
	int argc = 1;
	struct pool pool = {0};
	struct options o;
	struct err e;
	int status;

	for (; argc <= ARGS && args[argc - 1]; argc++) {
		(void)snprintf(
		    copies[argc - 1], sizeof(copies[0]), "%s", args[argc - 1]);
		argv[argc] = copies[argc - 1];
	}
	buf_init(b, 4000);
	status = options_parse(&o, "hantar", mode, argc, argv, &pool, &e);
	if (status != 0)
		buf_printf(b, "%d %s", status, e.text);
	else
		print_options(b, &o);
	pool_free(&pool);
}

static void
command_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b;

		run(&b, cases[i].args, MODE_SEND);
		if (strcmp(b.p, cases[i].result) != 0)
			fail_msg("case %zu, %s: \"%s\", not \"%s\"", i,
			    cases[i].title, b.p, cases[i].result);
		buf_free(&b);
	}
}

static void
mode_wins_over_name(void **state)
{
	static const char *const plain[] = {NULL};
	static const char *const explicit[] = {"-bm", NULL};
	struct buf b;

	(void)state;
	run(&b, plain, MODE_LIST);
	assert_string_equal(b.p, "list |");
	buf_free(&b);
	run(&b, explicit, MODE_LIST);
	assert_string_equal(b.p, "send |");
	buf_free(&b);
}

static void
no_argv_at_all(void **state)
{
	char *argv[] = {NULL};
	struct pool pool = {0};
	struct options o;
	struct err e;

	(void)state;
	assert_int_equal(
	    options_parse(&o, "x", MODE_SEND, 0, argv, &pool, &e), 0);
	assert_int_equal(o.operands_n, 0);
	pool_free(&pool);
}

static void
many_settings(void **state)
{
	enum { MANY = 1000 };
	char option[] = "-i";
	char *argv[MANY + 1];
	struct pool pool = {0};
	struct options o;
	struct err e;

	(void)state;
	for (size_t i = 0; i <= MANY; i++)
		argv[i] = option;
	assert_int_equal(
	    options_parse(&o, "x", MODE_SEND, MANY + 1, argv, &pool, &e), 0);
	assert_int_equal(o.settings_n, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_string_equal(o.settings[i].key.p, "ignore-dots");
	pool_free(&pool);
}

/* G-12: a time of any length is a time, or none: its sum is bounded. */
static void
a_time_without_end(void **state)
{
	enum { PIECES = 16000 }; /* of which all are more than a number holds */
	struct pool pool = {0};
	struct options o;
	struct buf b;
	struct err e;
	char name[] = "hantar";

	(void)state;
	buf_init(&b, 1 << 20);
	buf_add(&b, STR("-q"));
	for (int i = 0; i < PIECES; i++)
		buf_add(&b, STR("999999w"));
	assert_int_equal(options_parse(&o, name, MODE_SEND, 2,
			     (char *[]){name, b.p, NULL}, &pool, &e),
	    64);
	buf_free(&b);
	pool_free(&pool);
}

/* Every letter stands in the help, and no letter twice in the table. */
static void
help_is_complete(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	help_print(&b, "hantar");
	assert_false(b.over);
	for (size_t i = 0; i < letters_n; i++) {
		char option[] = " -x";

		option[2] = letters[i].letter;
		if (strstr(b.p, option) == NULL)
			fail_msg("-%c is not in the help", letters[i].letter);
		for (size_t j = 0; j < i; j++)
			assert_true(letters[i].letter != letters[j].letter);
		assert_true((letters[i].value == NULL) ==
			(letters[i].arity == ARITY_NONE) ||
		    letters[i].arity == ARITY_ATTACHED);
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(command_lines),
	    {"A-03: a mode of the command line wins over the name",
		mode_wins_over_name, NULL, NULL, NULL},
	    cmocka_unit_test(no_argv_at_all),
	    cmocka_unit_test(many_settings),
	    cmocka_unit_test(a_time_without_end),
	    cmocka_unit_test(help_is_complete),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
