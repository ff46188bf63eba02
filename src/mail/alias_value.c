/* SPDX-License-Identifier: ISC */
#include "mail/alias_value.h"

/*
 * Takes the next item, up to a comma that is within neither quotes nor a
 * comment; only addresses have comments.  False at the end.
 */
static bool
next_item(struct str *rest, struct str *item)
{
	struct str text = str_trim(*rest);
	bool address = text.n > 0 && text.p[0] != '|' && text.p[0] != '/' &&
	    text.p[0] != ':';
	bool quoted = false;
	size_t depth = 0;
	size_t i = 0;

	if (rest->p == NULL)
		return false;
	for (; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\\')
			i++;
		else if (c == '"' && depth == 0)
			quoted = !quoted;
		else if (c == '(' && address && !quoted)
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == ',' && !quoted && depth == 0)
			break;
	}
	*item = str_trim(str_slice(text, 0, i));
	*rest = i < text.n ? str_slice(text, i + 1, text.n) : STR_NONE;
	return true;
}

size_t
alias_quoted(struct buf *b, struct str text)
{
	for (size_t i = 1; i < text.n; i++) {
		if (text.p[i] == '"')
			return i + 1;
		if (text.p[i] == '\\' && ++i == text.n)
			break;
		buf_byte(b, text.p[i]);
	}
	return 0;
}

static int
take_address(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	if (addr_one(p, text, &item->addr, e) < 0)
		return -1;
	if (addr_is_null(&item->addr))
		return err_set(e, ERR_SYNTAX, "an empty address");
	item->addr.name = STR_NONE;
	item->type = item->addr.domain.n > 0 ? ALIAS_ADDRESS : ALIAS_NAME;
	return 0;
}

/* "\name" */
static int
take_user(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	if (take_address(item, text, p, e) < 0)
		return -1;
	/* The address of somebody elsewhere has no aliases here anyway. */
	if (item->type == ALIAS_NAME)
		item->type = ALIAS_USER;
	return 0;
}

/* Without the quotes that may stand around all of it. */
static int
take_text(struct alias_item *item, enum alias_type type, struct str text,
    struct pool *p, struct err *e)
{
	struct buf inner;
	int result = 0;

	text = str_trim(text);
	buf_init(&inner, text.n);
	if (text.n > 0 && text.p[0] == '"' &&
	    alias_quoted(&inner, text) == text.n)
		text = str_trim(buf_str(&inner));
	if (text.n == 0)
		result = err_set(e, ERR_SYNTAX, "nothing to run or to read");
	*item = (struct alias_item){.type = type, .text = pool_str(p, text)};
	buf_free(&inner);
	return result;
}

static int
take_path(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	bool folder = text.p[text.n - 1] == '/';

	return take_text(item, folder ? ALIAS_FOLDER : ALIAS_FILE, text, p, e);
}

static int
take_include(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	struct str mark = STR(":include:");

	if (!str_istarts(text, mark))
		return err_set(e, ERR_SYNTAX, "':' begins :include:/path only");
	if (take_text(
		item, ALIAS_INCLUDE, str_slice(text, mark.n, text.n), p, e) < 0)
		return -1;
	if (item->text.p[0] != '/')
		return err_set(
		    e, ERR_SYNTAX, ":include: wants an absolute path");
	return 0;
}

/* An item without quotes around all of it, or what was within them. */
static int
take_plain(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	switch (text.p[0]) {
	case '|':
		return take_text(
		    item, ALIAS_COMMAND, str_slice(text, 1, text.n), p, e);
	case '/':
		return take_path(item, text, p, e);
	case ':':
		return take_include(item, text, p, e);
	case '\\':
		return take_user(item, str_slice(text, 1, text.n), p, e);
	default:
		return take_address(item, text, p, e);
	}
}

/* Something within quotes, which are not part of an address. */
static int
take_quoted(struct alias_item *item, struct str inner, struct str raw,
    struct pool *p, struct err *e)
{
	struct str marks = STR("|/:\\");

	/* Quotes take a backslash away, but nobody writes "\\name". */
	if (str_starts(raw, STR("\"\\")) && inner.n > 0 &&
	    raw.p[2] == inner.p[0] && inner.p[0] != '"' && inner.p[0] != '\\')
		return take_user(item, inner, p, e);
	if (inner.n == 0)
		return err_set(e, ERR_SYNTAX, "nothing within the quotes");
	if (str_find(marks, inner.p[0]) < marks.n ||
	    str_find(inner, '@') < inner.n)
		return take_plain(item, inner, p, e);
	return take_address(item, raw, p, e);
}

static int
take_item(
    struct alias_item *item, struct str text, struct pool *p, struct err *e)
{
	struct buf inner;
	int result;

	if (text.p[0] != '"')
		return take_plain(item, text, p, e);
	buf_init(&inner, text.n);
	result = alias_quoted(&inner, text) == text.n
	    ? take_quoted(item, buf_str(&inner), text, p, e)
	    : take_address(item, text, p, e);
	buf_free(&inner);
	return result;
}

static size_t
count_items(struct str value)
{
	struct str item;
	size_t n = 0;

	while (next_item(&value, &item))
		n += item.n > 0;
	return n;
}

int
alias_value(struct str value, struct alias_item **item, size_t *n,
    struct pool *p, struct err *e)
{
	struct str text;

	*n = 0;
	*item = pool_array(p, count_items(value), sizeof(**item));
	while (next_item(&value, &text))
		if (text.n > 0 && take_item(&(*item)[(*n)++], text, p, e) < 0)
			return -1;
	if (*n == 0)
		return err_set(e, ERR_SYNTAX, "nothing behind the name");
	return 0;
}
