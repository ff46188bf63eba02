/* SPDX-License-Identifier: ISC */
#include "expect.h"

#include <inttypes.h>

#include "../lib/words.h"

static const char *
blame_word(enum blame blame)
{
	static const char *const words[] = {
	    "none", "host", "sender", "rcpt", "message", "us", "doubt"};

	return (size_t)blame < 7 ? words[blame] : "?";
}

static bool
any(struct str wanted)
{
	return wanted.n == 0 || str_eq(wanted, STR("-"));
}

/* "host[ip]:port" begins with the host. */
static bool
is_at(struct str relay, struct str host)
{
	return str_istarts(relay, host) && relay.n > host.n &&
	    relay.p[host.n] == '[';
}

static bool
fits(const struct verdict *v, const struct recipient *r)
{
	const struct status *s = &r->status;
	struct buf enhanced;
	bool same;

	buf_init(&enhanced, 32);
	status_enhanced(&enhanced, s);
	same = any(v->enhanced) || str_eq(v->enhanced, buf_str(&enhanced));
	buf_free(&enhanced);
	return same && v->outcome == (int)s->outcome &&
	    (v->code < 0 || (unsigned)v->code == s->code) &&
	    (v->blame < 0 || v->blame == (int)s->blame) &&
	    (v->at.n == 0 || is_at(r->relay, v->at)) &&
	    (v->text.n == 0 || words_match(v->text, s->text));
}

static void
expect_status(
    const struct verdict *v, const struct recipient *r, struct faults *faults)
{
	const struct status *s = &r->status;

	if (fits(v, r))
		return;
	fault_add(faults, v->line,
	    "expected \"%.*s\", got %s %u.%u.%u %u %s at %.*s ~ %.*s",
	    STR_ARG(v->line->text), status_word(s->outcome), s->enhanced[0],
	    s->enhanced[1], s->enhanced[2], s->code, blame_word(s->blame),
	    STR_ARG(r->relay), STR_ARG(s->text));
}

/* The verdict of a recipient is the first one whose pattern fits. */
static const struct verdict *
verdict_of(const struct play *play, struct str path)
{
	const struct verdict *v = play->verdicts;

	while (v && !words_match(v->path, path))
		v = v->next;
	return v;
}

/* The recipient as the file wrote it: the envelope may have another form. */
static struct str
path_of(const struct play *play, size_t i)
{
	const struct path *p = play->to;
	const struct verdict *v = play->verdicts;

	for (; p && i > 0; i--)
		p = p->next;
	for (; play->to == NULL && i > 0; i--)
		v = v->next;
	return p ? p->text : v->path;
}

static void
expect_envelope(
    const struct play *play, const struct envelope *env, struct faults *faults)
{
	for (size_t i = 0; i < env->n; i++) {
		struct str path = path_of(play, i);
		const struct verdict *v = verdict_of(play, path);

		if (v)
			expect_status(v, &env->rcpt[i], faults);
		else
			fault_add(faults, play->line, "no result for %.*s",
			    STR_ARG(path));
	}
	for (const struct verdict *v = play->verdicts; v; v = v->next) {
		size_t i = 0;

		while (i < env->n && verdict_of(play, path_of(play, i)) != v)
			i++;
		if (i == env->n)
			fault_add(faults, v->line, "no such recipient");
	}
}

/* Does a line of text match the pattern? */
static bool
has_line(struct str text, struct str pattern)
{
	struct str line;

	while (text.n > 0 && str_split(&text, '\n', &line))
		if (words_match(pattern, line))
			return true;
	return false;
}

/* asked NAME TYPE TIMES */
static void
expect_asked(
    const struct remark *r, const struct world *w, struct faults *faults)
{
	struct str rest = r->text;
	struct str name = words_next(&rest), type = words_next(&rest);
	unsigned n = world_asked(w, name, type);
	uint64_t wanted;

	if (!str_number(rest, 1000, &wanted))
		fault_add(faults, r->line, "not a number");
	else if (n != wanted)
		fault_add(faults, r->line, "asked %u times", n);
}

static void
expect_remark(const struct remark *r, const struct world *w,
    const struct heard *heard, struct faults *faults)
{
	bool show = r->note == NOTE_SHOW || r->note == NOTE_NOSHOW;
	bool wanted = r->note == NOTE_SHOW || r->note == NOTE_LOG;
	const struct buf *lines = show ? &heard->show : &heard->log;

	switch (r->note) {
	case NOTE_SHOW:
	case NOTE_NOSHOW:
	case NOTE_LOG:
	case NOTE_NOLOG:
		if (has_line(buf_str(lines), r->text) != wanted)
			fault_add(faults, r->line, "%s line: %.*s",
			    wanted ? "no such" : "there is this",
			    STR_ARG(r->text));
		break;
	case NOTE_ORDER:
		if (!words_match(r->text, world_order(w)))
			fault_add(faults, r->line, "the order was: %.*s",
			    STR_ARG(world_order(w)));
		break;
	case NOTE_ASKED:
		expect_asked(r, w, faults);
		break;
	case NOTE_OPTION:
	case NOTE_NOTIFY:
	case NOTE_RET:
	case NOTE_ENVID:
	case NOTE_FAILS:
	case NOTE_PENDING:
		break;
	}
}

void
expect_all(const struct play *play, const struct world *w,
    const struct heard *heard, struct faults *faults)
{
	expect_envelope(play, &heard->env, faults);
	for (const struct remark *r = play->remarks; r; r = r->next)
		expect_remark(r, w, heard, faults);
	if (heard->stuck > 0)
		fault_add(faults, play->line, "waits for ever");
	if (heard->took < play->least || heard->took > play->most)
		fault_add(faults, play->line,
		    "took %" PRId64 " ms, expected %" PRId64 " to %" PRId64,
		    heard->took, play->least, play->most);
}

static bool
has_note(const struct play *play, enum note note)
{
	const struct remark *r = play->remarks;

	while (r && r->note != note)
		r = r->next;
	return r != NULL;
}

static void
forget(struct faults *faults)
{
	faults->n = 0;
	if (faults->text.max > 0)
		buf_clear(&faults->text);
}

bool
expect_failure(const struct play *play, struct faults *faults)
{
	bool pending = has_note(play, NOTE_PENDING);

	if (pending && faults->n > 0) {
		forget(faults);
		return true;
	}
	if (pending)
		fault_add(
		    faults, play->line, "it is pending no more: it passes");
	for (const struct remark *r = play->remarks; r; r = r->next) {
		if (r->note != NOTE_FAILS ||
		    (faults->n > 0 &&
			has_line(buf_str(&faults->text), r->text)))
			continue;
		fault_add(faults, r->line, "it did not fail so: %.*s",
		    STR_ARG(r->text));
		return false;
	}
	if (has_note(play, NOTE_FAILS))
		forget(faults);
	return false;
}
