/* SPDX-License-Identifier: ISC */
/*
 * newaliases, -bi, -I: the file is read as it is whenever mail is sent, so
 * there is nothing to build; what is wrong with it is said (H-04, A-27).
 */
#include <sysexits.h>
#include <unistd.h>

#include "cli/run.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "mail/alias.h"
#include "os/file.h"

enum { LINE_LONGEST = 2000, SHOWN = 400 };

/* A line about the file, on standard error. */
static void
complain(const struct options *o, const char *path, unsigned line,
    const char *what, struct str text)
{
	struct buf b;

	buf_init(&b, LINE_LONGEST);
	buf_printf(&b, "%s:%u: %s%.*s", path, line, what, STR_ARG(text));
	say_error(o->name, STR_NONE, buf_str(&b));
	buf_free(&b);
}

/* What is well-formed and yet delivers nothing; NULL: it does. */
static const char *
useless(const struct aliases *all, const struct alias_item *item)
{
	switch (item->type) {
	case ALIAS_ADDRESS:
		return NULL;
	case ALIAS_NAME:
		return alias_find(all, item->addr.local)
		    ? NULL
		    : "is no alias, and there is no local delivery";
	case ALIAS_FILE:
		if (str_eq(item->text, STR("/dev/null")))
			return NULL;
		return "cannot be delivered to";
	case ALIAS_USER:
	case ALIAS_FOLDER:
	case ALIAS_COMMAND:
	case ALIAS_INCLUDE:
	default:
		return "cannot be delivered to";
	}
}

static void
warn(const struct options *o, const char *path, const struct aliases *all)
{
	size_t warnings = 0;
	struct buf b;

	buf_init(&b, LINE_LONGEST);
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->entry[i].n; k++) {
			const struct alias_item *item = &all->entry[i].item[k];
			const char *why = useless(all, item);

			if (why == NULL || ++warnings > ALIAS_WRONG_MAX)
				continue;
			buf_clear(&b);
			struct str name =
			    str_slice(all->entry[i].name, 0, SHOWN);
			struct str text = str_slice(
			    item->text.n ? item->text : item->addr.local, 0,
			    SHOWN);

			buf_printf(&b, "%.*s: \"%.*s\" %s", STR_ARG(name),
			    STR_ARG(text), why);
			complain(o, path, all->entry[i].line,
			    "warning: ", buf_str(&b));
		}
	buf_free(&b);
}

/* As sendmail says it. */
static void
count(const char *path, const struct aliases *all)
{
	size_t longest = 0;
	size_t total = 0;
	struct buf b;

	for (size_t i = 0; i < all->n; i++) {
		const struct alias *a = &all->entry[i];

		longest = a->size > longest ? a->size : longest;
		total += a->name.n + a->size;
	}
	buf_init(&b, LINE_LONGEST);
	buf_printf(&b, "%s: %zu aliases, longest %zu bytes, %zu bytes total\n",
	    path, all->n, longest, total);
	(void)say_text(STDOUT_FILENO, buf_str(&b));
	buf_free(&b);
}

static int
check(const struct options *o, const char *path, struct str text)
{
	struct aliases all;

	alias_parse(&all, text, o->pool);
	for (size_t i = 0; i < all.wrong_n; i++)
		complain(o, path, all.wrong[i].line, "", all.wrong[i].text);
	if (all.wrong_n > 0)
		return EX_DATAERR;
	warn(o, path, &all);
	count(path, &all);
	return EX_OK;
}

int
run_aliases(const struct options *o)
{
	struct conf c;
	struct buf text;
	struct err e;
	int got;
	int status = settle_conf(&c, o, &e);

	if (status != 0) {
		say_error(o->name, STR_NONE, str_c(e.text));
		return status;
	}
	buf_init(&text, ALIAS_FILE_MAX);
	got = c.aliases.n > 0 ? file_read(c.aliases.p, &text, &e) : 0;
	if (got == 0 && c.aliases.n > 0 &&
	    !str_eq(c.aliases, STR(CONF_ALIASES)))
		got = err_set(
		    &e, ERR_SYSTEM, "%s: there is no such file", c.aliases.p);
	if (got > 0)
		status = check(o, c.aliases.p, buf_str(&text));
	else if (got == 0)
		say_error(o->name, STR_NONE,
		    c.aliases.n > 0
			? STR("there is no " CONF_ALIASES ", hence no alias")
			: STR("there is no alias: the key aliases is empty"));
	else
		say_error(o->name, STR_NONE, str_c(e.text));
	buf_free(&text);
	return got < 0 ? EX_CONFIG : status;
}
