/* SPDX-License-Identifier: ISC */
/*
 * A command line: arguments with NULs between them, the first of which is
 * the program's name.  Whatever is refused is refused
 * with a status of sysexits.h and one inert line; whatever is taken is the
 * same when it is read again, or with "--" before the operands.
 */
#include <assert.h>
#include <sysexits.h>

#include "base/char.h"
#include "cli/help.h"
#include "cli/letters.h"
#include "cli/optval.h"
#include "cli/say.h"
#include "cli/settle.h"
#include "fuzz.h"

enum { ARGS = 200, ROOM = 1 << 18 };

/* One line of printable ASCII. */
static void
check_line(const struct buf *b)
{
	assert(!b->over && b->n > 1 && b->n < 4200);
	for (size_t i = 0; i + 1 < b->n; i++)
		assert(b->p[i] == ' ' || char_is_graph(b->p[i]));
	assert(b->p[b->n - 1] == '\n');
}

static void
check_refusal(const char *name, int status, const struct err *e)
{
	struct buf b;

	assert(status == EX_USAGE || status == EX_NOPERM ||
	    status == EX_DATAERR || status == EX_CONFIG);
	assert(e->kind == ERR_SYNTAX || e->kind == ERR_LIMIT);
	assert(e->text[0] != '\0' && strlen(e->text) < sizeof(e->text));
	buf_init(&b, ROOM);
	say_line(&b, name, STR_NONE, str_c(e->text));
	check_line(&b);
	buf_clear(&b);
	help_usage(&b, name, MODE_SEND);
	check_line(&b);
	buf_free(&b);
}

static bool
same_text(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && str_eq(str_c(a), str_c(b));
}

static void
check_same(const struct options *a, const struct options *b)
{
	assert(a->mode == b->mode && same_text(a->what, b->what));
	assert(a->from_header == b->from_header && a->gateway == b->gateway);
	assert(a->verbose == b->verbose);
	assert(same_text(a->sender, b->sender) && a->ret == b->ret);
	assert(a->notify == b->notify && same_text(a->envid, b->envid));
	assert(same_text(a->full_name, b->full_name));
	assert(same_text(a->config, b->config) && same_text(a->tag, b->tag));
	assert(a->settings_n == b->settings_n);
	for (size_t i = 0; i < a->settings_n; i++) {
		const struct setting *s = &a->settings[i];
		const struct setting *t = &b->settings[i];

		assert(str_eq(s->key, t->key) && str_eq(s->value, t->value));
		assert(same_text(s->option, t->option));
	}
	assert(a->operands_n == b->operands_n);
	for (size_t i = 0; i < a->operands_n; i++)
		assert(same_text(a->operands[i], b->operands[i]));
}

/*
 * The same options with "--" behind them; or all, where there is one (or what
 * could be one) already.
 */
static void
check_again(const struct options *o, int argc, char **argv, struct pool *p)
{
	char dashes[] = "--";
	char *more[ARGS + 3];
	size_t first = (size_t)argc - o->operands_n;
	struct options again;
	struct err e;
	int n = 0;

	for (size_t i = 0; i < first; i++)
		more[n++] = argv[i];
	if (first > 0 && !same_text(argv[first - 1], "--"))
		more[n++] = dashes;
	for (size_t i = 0; i < o->operands_n; i++)
		more[n++] = o->operands[i];
	more[n] = NULL;
	assert(options_parse(&again, o->name, MODE_SEND, n, more, p, &e) == 0);
	check_same(o, &again);
}

/* What was taken is of the form that its letter has. */
static void
check_taken(const struct options *o, int argc, char **argv)
{
	bool ended = false;

	assert(o->mode < MODES && o->what != NULL);
	assert(o->operands_n <= (size_t)argc);
	for (size_t i = 0; i < o->operands_n; i++)
		assert(
		    o->operands[i] == argv[(size_t)argc - o->operands_n + i]);
	assert(o->tag == NULL || optval_tag(str_c(o->tag)));
	assert(o->envid == NULL || optval_envid(str_c(o->envid)));
	for (size_t i = 1; i < (size_t)argc - o->operands_n; i++)
		ended = ended || same_text(argv[i], "--");
	for (size_t i = 0; i < o->operands_n && !ended; i++)
		assert(o->operands[i][0] != '-' ||
		    strchr(o->operands[i], '@') != NULL);
	for (size_t i = 0; i < o->settings_n; i++)
		assert(o->settings[i].option != NULL);
}

/* The options over the default configuration, and who sends then. */
static void
check_settled(struct options *o, struct pool *p)
{
	struct identity id;
	struct conf c, again;
	struct err e;
	struct buf b;
	int status;

	conf_default(&c, p);
	status = settle_options(&c, o, &e);
	if (status == 0) {
		buf_init(&b, ROOM);
		conf_print(&b, &c);
		conf_default(&again, p);
		assert(!b.over &&
		    conf_parse(&again, buf_str(&b), "printed", p, &e) == 0);
		buf_free(&b);
		status = settle_delivery(&c, &e);
	}
	if (status == 0 && o->sender)
		status = settle_identity(&id, &c, o, &e);
	if (status != 0) {
		check_refusal(o->name, status, &e);
		return;
	}
	if (o->sender == NULL)
		return;
	assert(addr_is_null(&id.sender) || id.sender.domain.n > 0);
	for (size_t i = 0; i < id.sender.local.n; i++)
		assert((unsigned char)id.sender.local.p[i] >= ' ' &&
		    id.sender.local.p[i] != 127);
}

/* The name is behind the last slash, as main has it. */
static const char *
called(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct pool p = {0};
	struct str rest = str_of((const char *)bytes, n);
	char *argv[ARGS + 1];
	char *kept[ARGS + 1];
	struct options o;
	struct str arg;
	struct err e = {0};
	int argc = 0;
	int status;

	while (argc < ARGS && str_split(&rest, '\0', &arg)) {
		struct str copy = pool_str(&p, arg);

		memcpy(&argv[argc], &copy.p, sizeof(copy.p));
		kept[argc] = argv[argc];
		argc++;
	}
	argv[argc] = NULL;
	status = options_parse(&o, argc > 0 ? called(argv[0]) : "hantar",
	    MODE_SEND, argc, argv, &p, &e);
	for (int i = 0; i < argc; i++)
		assert(argv[i] == kept[i]);
	if (status != 0) {
		check_refusal(o.name, status, &e);
	} else {
		check_taken(&o, argc, argv);
		check_again(&o, argc, argv, &p);
		check_settled(&o, &p);
	}
	pool_free(&p);
	return 0;
}
