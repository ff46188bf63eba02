/* SPDX-License-Identifier: ISC */
/*
 * mail/dsn: whatever the texts are, a strict reader, and Python's email
 * package, find the fields that belong there, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/char.h"
#include "mail/dsn.h"
#include "mail/dsn_words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define S(literal)                              \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}

enum { ROUNDS = 2000, FOR_PYTHON = 200, RECIPIENTS = 4 };

/* Takes a line of at most 998 octets, of which no other byte ends a line. */
static struct str
take(struct str *rest)
{
	struct str line = str_slice(*rest, 0, str_find(*rest, '\n'));

	assert_true(line.n < rest->n);
	*rest = str_slice(*rest, line.n + 1, rest->n);
	assert_true(line.n > 0 && line.p[line.n - 1] == '\r');
	line.n--;
	assert_true(line.n <= 998);
	for (size_t i = 0; i < line.n; i++)
		assert_true(line.p[i] == ' ' || char_is_graph(line.p[i]));
	return line;
}

/*
 * Reads fields up to an empty line: each of names in turn, but for those in
 * brackets, which may be missing.
 */
static void
fields(struct str *rest, const char *const *names, size_t n)
{
	struct str line = take(rest);

	for (size_t i = 0; i < n; i++) {
		bool may = names[i][0] == '[';
		struct str name = str_c(names[i] + may);

		if (may)
			name.n--;
		if (!str_starts(line, name) || line.n <= name.n ||
		    line.p[name.n] != ':') {
			if (!may)
				fail_msg(
				    "no %s: %.*s", names[i], STR_ARG(line));
			continue;
		}
		assert_true(line.n == name.n + 1 ||
		    (line.n > name.n + 2 && line.p[name.n + 1] == ' '));
		do {
			line = take(rest);
			if (line.n > 0 && line.p[0] == ' ')
				assert_true(str_trim(line).n > 0);
		} while (line.n > 0 && line.p[0] == ' ');
	}
	if (line.n > 0)
		fail_msg("what is this: %.*s", STR_ARG(line));
}

static const char *const top[] = {"From", "To", "Subject", "Date", "Message-ID",
    "[In-Reply-To]", "[References]", "Auto-Submitted", "MIME-Version",
    "Content-Type", "[Content-Transfer-Encoding]"};
static const char *const part[] = {
    "Content-Description", "Content-Type", "[Content-Transfer-Encoding]"};
static const char *const message[] = {
    "Reporting-MTA", "[Original-Envelope-Id]", "Arrival-Date"};
static const char *const recipient[] = {"[Original-Recipient]",
    "Final-Recipient", "Action", "Status", "[Remote-MTA]", "[Diagnostic-Code]",
    "[Last-Attempt-Date]", "[Will-Retry-Until]"};

/* Passes over lines to the delimiter, the only one that there may be. */
static size_t
to_delimiter(struct str *rest, const char *delimiter)
{
	size_t lines = 0;

	for (;;) {
		struct str line = take(rest);

		if (str_eq(line, str_c(delimiter)))
			return lines;
		assert_false(str_starts(line, STR("--")));
		lines++;
	}
}

/* RFC 6522, 3; RFC 3464, 2. */
static void
read_report(struct str text, const struct dsn *d)
{
	static const char delimiter[] = "--=_ID.RANDOM";

	fields(&text, top, COUNT(top));
	(void)to_delimiter(&text, delimiter);
	fields(&text, part, COUNT(part));
	assert_true(to_delimiter(&text, delimiter) > 2 * d->n);
	fields(&text, part, COUNT(part));
	fields(&text, message, COUNT(message));
	for (size_t i = 0; i < d->n; i++)
		fields(&text, recipient, COUNT(recipient));
	if (d->returned != DSN_NOTHING) {
		assert_int_equal(to_delimiter(&text, delimiter), 0);
		fields(&text, part, COUNT(part));
		assert_int_equal(take(&text).n, 0);
	}
	assert_true(str_eq(take(&text), STR("--=_ID.RANDOM--")));
	assert_int_equal(text.n, 0);
}

static const struct str bits[] = {
    S("\r\n"),
    S("\n"),
    S("\r"),
    S("\0"),
    S("\r\n\r\n"),
    S("--"),
    S("--=_ID.RANDOM"),
    S("\r\n--=_ID.RANDOM--\r\n"),
    S("\r\n."),
    S(" "),
    S("\t"),
    S(";"),
    S(":"),
    S("<"),
    S(">"),
    S("@"),
    S("\""),
    S("\\"),
    S("a@b.example"),
    S("rfc822;"),
    S("utf-8;"),
    S("+0D+0A"),
    S("=?utf-8?Q?"),
    S("?="),
    S("\r\nBcc: x@y.example"),
    S("\r\n\r\nAction: delivered\r\n"),
    S("\xc3\xb6"),
    S("\xff"),
    S("\xe2\x80\xae"),
    S("x"),
    S("mx.example"),
    S("["),
    S("]"),
    S("5.1.1 "),
    S("\x1b[31m"),
    S("\x7f"),
    S("%s%n"),
};

static uint32_t seed;

static uint32_t
dice(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (seed >> 3) % n;
}

/* Up to 20 bits, now and then a word that no line holds, in the pool. */
static struct str
text_of(struct pool *p)
{
	struct buf b;
	struct str s;

	buf_init(&b, 100000);
	for (uint32_t n = dice(20); n > 0; n--)
		buf_add(&b, bits[dice(COUNT(bits))]);
	if (dice(8) == 0)
		for (uint32_t n = dice(20000), c = dice(127); n > 0; n--)
			buf_byte(&b, (char)c);
	s = pool_str(p, buf_str(&b));
	buf_free(&b);
	return s;
}

static time_t
time_of(void)
{
	return dice(4) == 0 ? 0 : (time_t)(dice(1u << 20) * (uint64_t)4000);
}

static void
hostile(struct pool *p, struct dsn *d, struct dsn_recipient *r)
{
	for (size_t i = 0; i < RECIPIENTS; i++)
		r[i] = (struct dsn_recipient){
		    .path = text_of(p),
		    .orcpt = text_of(p),
		    .action = (enum dsn_action)dice(DSN_ACTIONS),
		    .status = {.code = dice(2) ? dice(1000) : 0,
			.enhanced = {(unsigned short)dice(6),
			    (unsigned short)dice(9), (unsigned short)dice(9)},
			.text = text_of(p)},
		    .relay = text_of(p),
		    .last_attempt = time_of(),
		    .retry_until = time_of(),
		    .doubt = dice(2),
		};
	*d = (struct dsn){
	    .mta = STR("host.example"),
	    .mailname = STR("mail.example"),
	    .id = STR("I\r\nD"),
	    .random = STR("RANDOM"),
	    .now = time_of(),
	    .to = text_of(p),
	    .sender = text_of(p),
	    .message_id = text_of(p),
	    .envid = text_of(p),
	    .arrival = 1,
	    .returned = (enum dsn_returned)dice(3),
	    .eightbit = dice(2),
	    .rcpt = r,
	    .n = 1 + dice(RECIPIENTS),
	};
}

static void
write_report(struct buf *b, uint32_t round)
{
	struct dsn_recipient r[RECIPIENTS];
	struct pool p = {0};
	struct dsn d;

	seed = 1 + round;
	for (int i = 0; i < 10; i++)
		(void)dice(2);
	hostile(&p, &d, r);
	buf_clear(b);
	dsn_head(b, &d);
	dsn_tail(b, &d);
	assert_false(b->over);
	read_report(buf_str(b), &d);
	pool_free(&p);
}

static void
strict_reader(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	for (uint32_t round = 0; round < ROUNDS; round++)
		write_report(&b, round);
	buf_free(&b);
}

/* A report that does not fit says so and does no harm, wherever it is cut. */
static void
no_room(void **state)
{
	struct dsn_recipient r[RECIPIENTS];
	struct pool p = {0};
	struct dsn d;
	struct buf b;

	(void)state;
	seed = 99;
	hostile(&p, &d, r);
	for (size_t max = 0; max < 2000; max += 7) {
		buf_init(&b, max);
		dsn_head(&b, &d);
		dsn_tail(&b, &d);
		assert_true(b.over && b.n <= max);
		buf_free(&b);
	}
	pool_free(&p);
}

/* What Python has to find in each, and what is wrong if anything is. */
static const char reader[] =
    "import email, email.policy, email.utils, re, sys\n"
    "def report(text, policy):\n"
    "    m = email.message_from_bytes(text, policy=policy)\n"
    "    assert not m.defects, m.defects\n"
    "    assert m.get_content_type() == 'multipart/report'\n"
    "    assert m.get_param('report-type') == 'delivery-status'\n"
    "    assert m['Auto-Submitted'] == 'auto-replied'\n"
    "    assert 'MAILER-DAEMON@mail.example' in m['From']\n"
    "    email.utils.parsedate_to_datetime(m['Date'])\n"
    "    for name in ('To', 'Subject', 'Message-ID', 'MIME-Version'):\n"
    "        assert len(m.get_all(name)) == 1\n"
    "    assert m['Bcc'] is None\n"
    "    parts = m.get_payload()\n"
    "    types = [p.get_content_type() for p in parts]\n"
    "    assert types[:2] == ['text/plain', 'message/delivery-status']\n"
    "    assert types[2:] in ([], ['message/rfc822'],\n"
    "        ['text/rfc822-headers']), types\n"
    "    assert all(not p.defects for p in parts)\n"
    "    assert parts[0].get_payload().isascii()\n"
    "    groups = parts[1].get_payload()\n"
    "    assert all(not g.defects for g in groups)\n"
    "    assert groups[0]['Reporting-MTA'] == 'dns; host.example'\n"
    "    assert groups[0]['Arrival-Date']\n"
    "    assert len(groups) > 1\n"
    "    for g in groups[1:]:\n"
    "        assert re.match(r'(rfc822|utf-8); ?', g['Final-Recipient'])\n"
    "        assert g['Action'] in ('failed', 'delayed', 'delivered',\n"
    "            'relayed', 'expanded')\n"
    "        klass = {'f': '45', 'd': '24', 'r': '2', 'e': '2'}\n"
    "        assert g['Status'][0] in klass[g['Action'][0]]\n"
    "        assert re.fullmatch(r'[245][.]\\d+[.]\\d+', g['Status'])\n"
    "        assert len(g.keys()) == len(set(g.keys()))\n"
    "    return len(groups) - 1\n"
    "reports = sys.stdin.buffer.read().split(b'\\0')[:-1]\n"
    "for text in reports:\n"
    "    assert text.isascii() and max(map(len, text.splitlines())) <= 998\n"
    "    n = report(text, email.policy.compat32)\n"
    "    assert n == report(text, email.policy.SMTP), text\n"
    "print(len(reports))\n";

static void
python_agrees(void **state)
{
	char data[] = "/tmp/dsn_test.XXXXXX";
	char script[] = "/tmp/dsn_test.XXXXXX";
	const char *python = getenv("PYTHON");
	int fd = mkstemp(data);
	int code = mkstemp(script);
	char line[100] = "";
	struct buf b, command;
	FILE *f;

	(void)state;
	python = python ? python : "/usr/bin/python3";
	assert_int_equal(access(python, X_OK), 0);
	assert_true(fd >= 0 && code >= 0);
	buf_init(&b, 1 << 20);
	buf_init(&command, 10000);
	for (uint32_t round = 0; round < FOR_PYTHON; round++) {
		write_report(&b, round);
		assert_int_equal(write(fd, b.p, b.n + 1), b.n + 1);
	}
	assert_int_equal(
	    write(code, reader, sizeof(reader) - 1), sizeof(reader) - 1);
	(void)close(fd);
	(void)close(code);
	buf_printf(&command, "%s %s <%s", python, script, data);
	f = popen(command.p, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(pclose(f), 0);
	assert_int_equal(atoi(line), FOR_PYTHON);
	(void)unlink(data);
	(void)unlink(script);
	buf_free(&command);
	buf_free(&b);
}

/* G-24: the words that the log has around a reply are not the server's. */
static void
replies(void **state)
{
	static const char *const said[][2] = {
	    {"550 no", "550 no"},
	    {"no", "550 no"},
	    {"", "550 "},
	    {"host m[1] said: 550-5.1.1 no (in reply to RCPT TO command)",
		"550-5.1.1 no"},
	    {"host m[1] said: no", "550 no"},
	    {"host m[1] said: 550 a said: b (in reply to x) (in reply to y)",
		"550 a said: b (in reply to x)"},
	    {"550 a said: b", "550 a said: b"},
	    {"550 no (here)", "550 no (here)"},
	    {"550 (in reply to x", "550 (in reply to x"},
	    {"host m[1] said: ", "550 "},
	    {" (in reply to x)", "550 "},
	    {"550 5.1.1 \x1b\x80", "550 5.1.1 \\x1b\\x80"},
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct status s = {
		    .code = 550, .text = str_c(said[i][0])};

		buf_clear(&b);
		dsn_reply(&b, &s, 900);
		assert_true(str_eq(buf_str(&b), str_c(said[i][1])));
	}
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(replies),
	    cmocka_unit_test(strict_reader), /* G-22, G-23, G-24, B-42 */
	    cmocka_unit_test(no_room),
	    cmocka_unit_test(python_agrees), /* G-22, G-23, G-25 */
	};

	(void)setenv("TZ", "UTC0", 1);
	return cmocka_run_group_tests_name(
	    "mail/dsn, hostile texts", tests, NULL, NULL);
}
