/* SPDX-License-Identifier: ISC */
#include "spool/envfile.h"

#include "base/code.h"
#include "mail/dsn_about.h"
#include "spool/envwords.h"
#include "spool/field.h"

int64_t
envfile_doubts(const struct marks *marks, size_t i)
{
	return marks->at + (int64_t)(marks->n + ENV_GAP + i);
}

static void
put_text(struct buf *b, const char *key, struct str text)
{
	if (text.n == 0)
		return;
	buf_printf(b, "%s ", key);
	code_escape(b, text, true);
	buf_byte(b, '\n');
}

static void
put_path(struct buf *b, const char *key, struct str path)
{
	buf_printf(b, "%s<", key);
	code_escape(b, path, false);
	buf_byte(b, '>');
}

static void
put_notify(struct buf *b, unsigned notify)
{
	const char *before = " notify=";

	for (size_t i = 0; i < ENV_NOTIFIES; i++)
		if (notify & env_notify[i].bit) {
			buf_printf(b, "%s%s", before, env_notify[i].word);
			before = ",";
		}
}

static void
put_rcpt(struct buf *b, const struct recipient *r)
{
	put_path(b, "to ", r->path);
	put_notify(b, r->notify);
	if (r->orcpt.n > 0) {
		buf_add(b, STR(" orcpt="));
		code_escape(b, r->orcpt, false);
	}
	if (r->orig.n > 0)
		put_path(b, " orig=", r->orig);
	if (r->from.p)
		put_path(b, " from=", r->from);
	buf_byte(b, '\n');
}

static void
put_head(struct buf *b, const struct envelope *env, const struct stored *s)
{
	buf_add(b, STR("arrived "));
	field_put_time(b, s->arrived);
	buf_printf(b, "\nuid %lu\nsize %llu\nbody %s\n", s->uid,
	    (unsigned long long)s->size, s->eightbit ? "8bit" : "7bit");
	put_path(b, "from ", env->from);
	buf_byte(b, '\n');
	put_text(b, "message-id", s->message_id);
	put_text(b, "envid", env->envid);
	if (env->ret != RET_UNSAID)
		buf_printf(
		    b, "ret %s\n", env->ret == RET_FULL ? "full" : "hdrs");
	put_text(b, "args", str_slice(s->args, 0, ENVFILE_ARGS));
	for (size_t i = 0; i < env->n; i++)
		put_rcpt(b, &env->rcpt[i]);
}

static void
put_block(struct buf *b, const char *key, size_t n, char byte)
{
	buf_add(b, str_c(key));
	for (size_t i = 0; i < n; i++)
		buf_byte(b, byte);
	buf_byte(b, '\n');
}

int
envfile_write(struct buf *out, const struct envelope *env, struct stored *s,
    struct err *e)
{
	struct buf b;

	if (env->n == 0 || env->n > ENVFILE_RCPTS)
		return err_set(e, ERR_LIMIT,
		    "an envelope with %zu recipients cannot be stored", env->n);
	buf_init(&b, ENVFILE_HEAD - ENV_FIRST);
	put_head(&b, env, s);
	s->marks = (int64_t)(ENV_FIRST + b.n + ENV_BLOCK);
	put_block(&b, ENV_MARKS, env->n, MARK_WAITING);
	put_block(&b, ENV_DOUBT, env->n, '0');
	buf_add(&b, STR(ENV_END));
	buf_printf(
	    out, ENV_TITLE "1 %08lld %04zu\n", (long long)s->marks, env->n);
	buf_add(out, buf_str(&b));
	if (b.over)
		out->over = true;
	buf_free(&b);
	if (out->over)
		return err_set(e, ERR_LIMIT, "the envelope is too large");
	return 0;
}
