/* SPDX-License-Identifier: ISC */
/*
 * A configuration file.  Whatever is wrong is said with file and line, in
 * one line; whatever is taken is printed, and reads back as the same; and
 * each line that the file may hold, -O may say.
 */
#include <assert.h>

#include "base/char.h"
#include "cli/conf.h"
#include "cli/keys.h"
#include "fuzz.h"

#define UTF8_MARK "\xef\xbb\xbf"

/* A section of two bytes of name is printed with all its keys. */
enum { ROOM = 1 << 18, PRINTED = 1 << 26, NAME = 4 /* strlen("file") */ };

/* Made once: they are half of the work of a run. */
static struct conf
defaults(void)
{
	static struct pool p;
	static struct conf c;

	if (p.chunks == NULL)
		conf_default(&c, &p);
	return c;
}

static void
check_same(struct conf *a, struct conf *b)
{
	struct buf one, other;

	buf_init(&one, PRINTED);
	buf_init(&other, PRINTED);
	conf_print(&one, a);
	conf_print(&other, b);
	assert(!one.over && str_eq(buf_str(&one), buf_str(&other)));
	buf_free(&one);
	buf_free(&other);
}

/* "file:7: what is wrong", of a line that there is; returns its number. */
static uint64_t
check_error(const struct err *e, size_t lines)
{
	struct str text = str_c(e->text);
	struct str number;
	uint64_t line = 0;

	assert(e->kind == ERR_SYNTAX || e->kind == ERR_LIMIT);
	assert(text.n < sizeof(e->text) && str_find(text, '\n') == text.n);
	assert(str_starts(text, STR("file:")));
	text = str_slice(text, NAME + 1, text.n);
	assert(str_split(&text, ':', &number));
	assert(str_number(number, lines, &line) && line > 0);
	assert(text.n > 5 && text.p[0] == ' ');
	return line;
}

/* So many lines has a printed section. */
static size_t
lines_of(enum conf_section section)
{
	size_t lines = 0;

	for (size_t i = 0; i < conf_keys_n; i++)
		lines += (conf_keys[i].in & IN(section)) ? 2 : 0;
	return lines;
}

/*
 * What is set is printed: two lines a key, and two before each section,
 * without a control character.
 */
static void
check_print(struct conf *c)
{
	size_t sections = c->routes_n;
	struct pool p = {0};
	struct conf again = defaults();
	struct err e;
	struct buf b;
	size_t lines = 0;

	buf_init(&b, PRINTED);
	conf_print(&b, c);
	for (size_t i = 0; i < b.n; i++) {
		lines += b.p[i] == '\n';
		assert(b.p[i] == '\n' || b.p[i] == ' ' ||
		    char_is_graph(b.p[i]) || char_is_high(b.p[i]));
	}
	assert(!b.over &&
	    lines ==
		lines_of(CONF_MAIN) + c->relays_n * (2 + lines_of(CONF_RELAY)) +
		    sections * (2 + lines_of(CONF_ROUTE)));
	assert(conf_parse(&again, buf_str(&b), "printed", &p, &e) == 0);
	check_same(c, &again);
	buf_free(&b);
	pool_free(&p);
}

/* What the file alone may say, -O may not. */
static void
set_option(struct conf *c, struct str key, struct str value, struct pool *p)
{
	bool refused = str_starts(key, STR("authorized-")) ||
	    str_eq(key, STR("mailq-entries"));
	struct err e;

	assert((conf_option(c, key, value, p, &e) < 0) == refused);
	assert(!refused || conf_set(c, key, value, p, &e) == 0);
}

/*
 * The lines before the one numbered end, or before the first section, as -O
 * takes them.
 */
static void
check_options(struct str text, uint64_t end, const struct conf *c)
{
	struct pool p = {0};
	struct conf by_option = defaults();
	struct conf main_of_c = *c;
	struct str line;

	if (str_starts(text, STR(UTF8_MARK)))
		text = str_slice(text, strlen(UTF8_MARK), text.n);
	for (uint64_t i = 1; i != end && str_split(&text, '\n', &line); i++) {
		size_t equals;
		struct str key, value;

		line = str_trim(line);
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (line.p[0] == '[')
			break;
		equals = str_find(line, '=');
		key = str_trim(str_slice(line, 0, equals));
		value = str_trim(str_slice(line, equals + 1, line.n));
		set_option(&by_option, key, value, &p);
	}
	/* The main section alone: its copy has no others. */
	main_of_c.relays_n = main_of_c.routes_n = 0;
	check_same(&main_of_c, &by_option);
	pool_free(&p);
}

/* Lines that end in CRLF are the same lines. */
static void
check_crlf(struct str text, int result, const struct err *e)
{
	struct pool p = {0};
	struct str line;
	struct conf c = defaults();
	struct err other;
	struct buf b;

	buf_init(&b, ROOM);
	while (str_split(&text, '\n', &line)) {
		buf_add(&b, line);
		buf_add(&b, STR("\r\n"));
	}
	assert(conf_parse(&c, buf_str(&b), "file", &p, &other) == result);
	assert(result == 0 || str_eq(str_c(e->text), str_c(other.text)));
	buf_free(&b);
	pool_free(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str text = str_of((const char *)bytes, n);
	struct pool p = {0};
	uint64_t end = 0;
	size_t lines = 1;
	struct conf c = defaults();
	struct err e;
	int result;

	if (n > ROOM / 8)
		return 0;
	for (size_t i = 0; i < n; i++)
		lines += bytes[i] == '\n';
	result = conf_parse(&c, text, "file", &p, &e);
	if (result < 0)
		end = check_error(&e, lines);
	check_print(&c);
	check_options(text, end, &c);
	check_crlf(text, result, &e);
	pool_free(&p);
	return 0;
}
