/* SPDX-License-Identifier: ISC */
/* What is answered at once: no message is read, nothing is sent. */
#include "cli/run.h"

#include <sysexits.h>
#include <unistd.h>

#include "cli/help.h"
#include "cli/say.h"
#include "cli/settle.h"

enum { ANSWER_MAX = 1 << 20 };

static int
fail(const char *name, int status, const struct err *e)
{
	say_error(name, STR_NONE, str_c(e->text));
	return status;
}

static int
answer(const struct options *o, struct str text)
{
	struct err e;

	if (say_text(STDOUT_FILENO, text))
		return EX_OK;
	err_sys(&e, "standard output");
	return fail(o->name, EX_IOERR, &e);
}

int
run_wrong(const struct options *o, int status, const struct err *e)
{
	struct buf usage;

	fail(o->name, status, e);
	buf_init(&usage, ANSWER_MAX);
	help_usage(&usage, o->name, o->mode);
	if (status == EX_USAGE)
		(void)say_text(STDERR_FILENO, buf_str(&usage));
	buf_free(&usage);
	return status;
}

int
run_help(const struct options *o)
{
	struct buf b;
	int status;

	buf_init(&b, ANSWER_MAX);
	help_print(&b, o->name);
	status = answer(o, buf_str(&b));
	buf_free(&b);
	return status;
}

int
run_version(const struct options *o)
{
	return answer(o, STR("hantar " HANTAR_VERSION "\n"));
}

int
run_print_config(const struct options *o)
{
	struct conf c;
	struct err e;
	struct buf b;
	int status = settle_values(&c, o, &e);

	if (status)
		return fail(o->name, status, &e);
	buf_init(&b, ANSWER_MAX);
	conf_print(&b, &c);
	status = answer(o, buf_str(&b));
	buf_free(&b);
	return status;
}

int
run_spool(const struct options *o)
{
	struct err e;

	err_set(&e, ERR_LIMIT,
	    "%s needs a spool, and there is none (spool = none)", o->what);
	return fail(o->name, EX_CONFIG, &e);
}

int
run_unsupported(const struct options *o)
{
	struct err e;

	err_set(&e, ERR_LIMIT, "%s: not supported", o->what);
	return fail(o->name, EX_USAGE, &e);
}
