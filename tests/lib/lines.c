/* SPDX-License-Identifier: ISC */
#include "lines.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/char.h"
#include "os/sys.h"
#include "words.h"

enum { FILE_MAX = 4 * 1024 * 1024, DEPTH = 20 };

/* A variable, and those around it. */
struct var {
	const struct var *outer;
	struct str name, value;
};

/* A run of lines as they stand in a file: [from, to). */
struct block {
	const struct line *from, *to;
};

struct macro {
	struct macro *next;
	struct str name;
	struct str params; /* their names, separated by blanks */
	struct block body;
};

struct expansion {
	struct pool *pool;
	struct macro *macros;
	struct line **tail;
	unsigned depth;
	struct err *e;
};

static int expand(
    struct expansion *, struct block, const struct var *, unsigned row);

static int
bad(struct expansion *x, const struct line *at, const char *what,
    struct str word)
{
	return err_set(x->e, ERR_SYNTAX, "%s:%u: %s%.*s", at->file, at->number,
	    what, STR_ARG(word));
}

static bool
is_name(char c)
{
	return char_is_letter(c) || char_is_digit(c) || c == '_';
}

/* Replaces every $name and ${name}; $$ is a dollar. */
static int
substitute(struct expansion *x, const struct line *at, const struct var *vars,
    struct str *text)
{
	struct str s = at->text;
	struct buf b;

	if (str_find(s, '$') == s.n) {
		*text = s;
		return 0;
	}
	buf_init(&b, FILE_MAX);
	while (s.n > 0) {
		size_t dollar = str_find(s, '$');
		size_t end = dollar + 1;
		const struct var *v = vars;

		buf_add(&b, str_slice(s, 0, dollar));
		if (dollar == s.n)
			break;
		bool braces = end < s.n && s.p[end] == '{';

		end += braces;
		while (end < s.n && is_name(s.p[end]))
			end++;

		struct str name = str_slice(s, dollar + 1 + braces, end);

		end += braces;

		while (v && !str_eq(v->name, name))
			v = v->outer;
		if (v)
			buf_add(&b, v->value);
		else if (name.n == 0 && end < s.n && s.p[end] == '$')
			buf_byte(&b, s.p[end++]);
		else
			return bad(x, at, "no such variable: $", name);
		s = str_slice(s, end, s.n);
	}
	*text = pool_str(x->pool, buf_str(&b));
	buf_free(&b);
	return 0;
}

static struct str
first_word(struct str text)
{
	return words_next(&text);
}

/* The line of the `end` that closes the block which begins behind at. */
static const struct line *
find_end(const struct line *at, const struct line *to)
{
	unsigned open = 1;

	for (at = at->next; at != to; at = at->next) {
		struct str word = first_word(at->text);

		if (str_eq(word, STR("define")) || str_eq(word, STR("each")))
			open++;
		else if (str_eq(word, STR("end")) && --open == 0)
			return at;
	}
	return NULL;
}

static void
split(const char *name, struct str rest, struct pool *pool, struct line **first)
{
	const char *file = pool_c(pool, str_c(name));
	struct str text;

	for (unsigned i = 1; str_split(&rest, '\n', &text); i++) {
		struct line *l;

		text = str_trim(text);
		if (text.n == 0 || text.p[0] == '#')
			continue;
		l = pool_take(pool, sizeof(*l));
		*l = (struct line){.file = file, .number = i, .text = text};
		*first = l;
		first = &l->next;
	}
}

static int
read_file(
    const char *path, struct pool *pool, struct line **first, struct err *e)
{
	int fd = sys_open(path, O_RDONLY, 0);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	char *p = pool_take(pool, size > 0 ? (size_t)size : 1);
	ssize_t n = size < 0 ? -1 : sys_pread(fd, p, (size_t)size, 0);

	sys_close(fd);
	if (n < 0)
		return err_sys(e, "%s", path);
	split(path, str_of(p, (size_t)n), pool, first);
	return 0;
}

/* The name stands beside the file that includes it. */
static int
include(struct expansion *x, const struct line *at, struct str name)
{
	const char *slash = strrchr(at->file, '/');
	size_t folder = slash ? (size_t)(slash - at->file) + 1 : 0;
	struct line *first = NULL;
	struct buf path;
	int rc;

	buf_init(&path, 4096);
	buf_add(&path, str_of(at->file, folder));
	buf_add(&path, name);
	rc = read_file(path.p, x->pool, &first, x->e);
	if (rc < 0)
		err_while(x->e, "%s:%u", at->file, at->number);
	else
		rc = expand(x, (struct block){first, NULL}, NULL, 0);
	buf_free(&path);
	return rc;
}

/* define NAME PARAM... */
static int
define(struct expansion *x, const struct line *at, struct str rest,
    const struct line *end)
{
	struct macro *m = pool_take(x->pool, sizeof(*m));

	m->name = words_next(&rest);
	m->params = rest;
	m->body = (struct block){at->next, end};
	m->next = x->macros;
	x->macros = m;
	return 0;
}

/* use NAME ARGUMENT... */
static int
use(struct expansion *x, const struct line *at, struct str rest,
    const struct var *vars, unsigned row)
{
	struct str name = words_next(&rest);
	struct macro *m = x->macros;
	struct str params;

	while (m && !str_eq(m->name, name))
		m = m->next;
	if (m == NULL)
		return bad(x, at, "nothing is defined as ", name);
	for (params = m->params; params.n > 0;) {
		struct var *v = pool_take(x->pool, sizeof(*v));

		v->name = words_next(&params);
		v->value = words_next(&rest);
		v->outer = vars;
		vars = v;
	}
	if (rest.n > 0)
		return bad(x, at, "too many arguments: ", rest);
	return expand(x, m->body, vars, row);
}

/* Binds the cells of "| a | b |" to the names. */
static int
bind_row(struct expansion *x, const struct line *row, struct str text,
    struct str names, const struct var **vars)
{
	struct str cell;

	text = str_slice(text, 1, text.n);
	while (names.n > 0) {
		struct var *v = pool_take(x->pool, sizeof(*v));

		v->name = words_next(&names);
		if (!str_split(&text, '|', &cell))
			return bad(x, row, "no cell for ", v->name);
		v->value = str_trim(cell);
		v->outer = *vars;
		*vars = v;
	}
	text = str_trim(text);
	return text.n > 0 ? bad(x, row, "too many cells: ", text) : 0;
}

/* each NAME...; rows that begin with |; the body */
static int
each(struct expansion *x, const struct line *at, struct str names,
    const struct line *end, const struct var *vars)
{
	const struct line *body = at->next;

	while (body != end && body->text.p[0] == '|')
		body = body->next;
	for (const struct line *row = at->next; row != body; row = row->next) {
		const struct var *inner = vars;
		struct str text;

		if (substitute(x, row, vars, &text) < 0 ||
		    bind_row(x, row, text, names, &inner) < 0 ||
		    expand(x, (struct block){body, end}, inner, row->number) <
			0)
			return -1;
	}
	return 0;
}

static void
append(
    struct expansion *x, const struct line *at, struct str text, unsigned row)
{
	struct line *l = pool_take(x->pool, sizeof(*l));

	*l = *at;
	l->next = NULL;
	l->row = row;
	l->text = text;
	*x->tail = l;
	x->tail = &l->next;
}

/* Takes what stands before the next ";;"; what `use` has in quotes is one. */
static struct str
next_piece(struct str *text)
{
	bool quotes = str_starts(*text, STR("use "));
	bool inside = false;
	struct str piece;
	size_t end = 0;

	while (end < text->n) {
		struct str here = str_slice(*text, end, text->n);

		if (quotes && here.p[0] == '"')
			inside = !inside;
		if (!inside && str_starts(here, STR(";;")))
			break;
		end++;
	}
	piece = str_trim(str_slice(*text, 0, end));
	*text = str_trim(str_slice(*text, end + 2, text->n));
	return piece;
}

/* A line that stands for itself, or for those of other places. */
static int
expand_plain(struct expansion *x, const struct line *line, struct str text,
    const struct var *vars, unsigned row)
{
	/* A title may hold anything. */
	if (str_starts(text, STR("case "))) {
		append(x, line, text, row);
		return 0;
	}
	while (text.n > 0) {
		struct str piece = next_piece(&text);
		struct str rest = piece;
		struct str word = words_next(&rest);
		int rc = 0;

		if (str_eq(word, STR("include")))
			rc = include(x, line, rest);
		else if (str_eq(word, STR("use")))
			rc = use(x, line, rest, vars, row);
		else if (piece.n > 0)
			append(x, line, piece, row);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* One line; *at moves to the last one that it covers. */
static int
expand_line(struct expansion *x, const struct line **at, const struct line *to,
    const struct var *vars, unsigned row)
{
	const struct line *line = *at;
	struct str text, rest, word;

	if (substitute(x, line, vars, &text) < 0)
		return -1;
	rest = text;
	word = words_next(&rest);

	bool is_each = str_eq(word, STR("each"));

	if (!is_each && !str_eq(word, STR("define")))
		return expand_plain(x, line, text, vars, row);

	const struct line *end = find_end(line, to);

	if (end == NULL)
		return bad(x, line, "no end of this ", word);
	*at = end;
	return is_each ? each(x, line, rest, end, vars)
		       : define(x, line, rest, end);
}

static int
expand(struct expansion *x, struct block block, const struct var *vars,
    unsigned row)
{
	if (block.from == block.to)
		return 0;
	if (x->depth == DEPTH)
		return bad(x, block.from, "nested too deeply", STR(""));
	x->depth++;
	for (const struct line *at = block.from; at != block.to; at = at->next)
		if (expand_line(x, &at, block.to, vars, row) < 0)
			return -1;
	x->depth--;
	return 0;
}

int
lines_read(
    const char *path, struct pool *pool, struct line **lines, struct err *e)
{
	struct expansion x = {.pool = pool, .tail = lines, .e = e};
	struct line *first = NULL;

	*lines = NULL;
	if (read_file(path, pool, &first, e) < 0)
		return -1;
	return expand(&x, (struct block){first, NULL}, NULL, 0);
}

int
lines_text(const char *name, struct str text, struct pool *pool,
    struct line **lines, struct err *e)
{
	struct expansion x = {.pool = pool, .tail = lines, .e = e};
	struct line *first = NULL;

	*lines = NULL;
	split(name, text, pool, &first);
	return expand(&x, (struct block){first, NULL}, NULL, 0);
}
