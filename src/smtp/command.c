/* SPDX-License-Identifier: ISC */
#include "smtp/command.h"

#include <inttypes.h>

#include "base/char.h"
#include "base/code.h"
#include "mail/dsn_about.h"

/* Without CRLF; and by how much DSN lengthens that (RFC 3461, 5.4). */
enum {
	LINE = 510,
	MAIL_MORE = 107,
	RCPT_MORE = 500,
	ENVID_MAX = 100, /* as xtext (4.4) */
	ORCPT_MAX = 500, /* with its type (4.2) */
};

/* RET and ENVID; the path ends at `base`. */
static void
put_envelope(struct buf *b, size_t base, const struct letter *letter)
{
	static const char *const words[] = {[RET_UNSAID] = "",
	    [RET_FULL] = " RET=FULL",
	    [RET_HDRS] = " RET=HDRS"};
	struct str ret = str_c(words[letter->ret]);
	struct buf envid;

	buf_add(b, ret);
	buf_init(&envid, ENVID_MAX);
	code_xtext(&envid, letter->envid);
	if (envid.n > 0 && !envid.over &&
	    base + ret.n + STR(" ENVID=").n + envid.n <= LINE + MAIL_MORE)
		buf_printf(b, " ENVID=%s", envid.p);
	buf_free(&envid);
}

void
command_mail(
    struct buf *b, const struct letter *letter, const struct extend *offered)
{
	const struct content *content = &letter->content;
	size_t base;

	buf_printf(b, "MAIL FROM:<%.*s>", STR_ARG(letter->from));
	base = b->n;
	if (offered->size)
		buf_printf(b, " SIZE=%" PRIu64, content->size);
	if (offered->eightbit && content->eightbit)
		buf_add(b, STR(" BODY=8BITMIME"));
	if (letter->utf8)
		buf_add(b, STR(" SMTPUTF8"));
	if (offered->dsn && letter->from.n > 0)
		put_envelope(b, base, letter);
}

static void
put_notify(struct buf *b, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
	    {DSN_NEVER, "NEVER"},
	    {DSN_ON_SUCCESS, "SUCCESS"},
	    {DSN_ON_FAILURE, "FAILURE"},
	    {DSN_ON_DELAY, "DELAY"},
	};
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!(notify & words[i].bit))
			continue;
		buf_printf(b, "%s%s", before, words[i].word);
		before = ",";
		if (words[i].bit == DSN_NEVER)
			break; /* it stands alone */
	}
}

/*
 * "rfc822;xtext" of an address.  A bare name of this host is none: there are
 * servers that refuse the recipient for that.
 */
static bool
is_orcpt(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_graph(s.p[i]) || s.p[i] == '=')
			return false;
	return str_starts(s, STR("rfc822;")) && str_find(s, '@') < s.n &&
	    s.n <= ORCPT_MAX;
}

void
command_rcpt(struct buf *b, const struct letter *letter, size_t i,
    const struct extend *offered)
{
	const struct asked *asked = letter->asked ? &letter->asked[i] : NULL;

	buf_printf(b, "RCPT TO:<%.*s>", STR_ARG(letter->to[i]));
	if (!offered->dsn || asked == NULL)
		return;
	if (letter->from.n == 0) {
		put_notify(b, asked->notify & DSN_NEVER);
		return;
	}
	put_notify(b, asked->notify);
	if (is_orcpt(asked->orcpt) &&
	    b->n + STR(" ORCPT=").n + asked->orcpt.n <= LINE + RCPT_MORE)
		buf_printf(b, " ORCPT=%.*s", STR_ARG(asked->orcpt));
}
