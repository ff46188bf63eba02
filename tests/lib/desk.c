/* SPDX-License-Identifier: ISC */
#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "spool/load.h"

struct desk desk;

static const struct str own[] = {{"m.example", 9}};

static void
take_log(void *ctx, enum log_level level, const char *part, struct str line)
{
	(void)ctx;
	(void)level;
	buf_printf(&desk.logged, "%s: %.*s\n", part, STR_ARG(line));
}

int
desk_open(void **state)
{
	desk.aliases = (struct resolve_opts){
	    .own = own, .own_n = 1, .mailname = own[0], .max = 100};
	desk.opts = (struct bounce_opts){
	    .hostname = STR("h.example"),
	    .mailname = STR("m.example"),
	    .double_bounce_to = STR("boss@m.example"),
	    .size_limit = 50000,
	    .resolve = &desk.aliases,
	    .schedule = &schedule_usual,
	    .now = DESK_ARRIVED + 5 * DESK_HOUR,
	};
	buf_init(&desk.logged, 1 << 20);
	log_to(take_log, NULL);
	return shelf_open(state);
}

int
desk_close(void **state)
{
	log_to(NULL, NULL);
	buf_free(&desk.logged);
	entry_close(&desk.entry);
	pool_free(&desk.pool);
	return shelf_close(state);
}

void
desk_commit(struct envelope *made, const char *text)
{
	struct stored s = {.arrived = DESK_ARRIVED,
	    .size = strlen(text),
	    .eightbit = true,
	    .message_id = STR(" <1@m.example>\r\n")};
	struct buf b;

	buf_init(&b, ENVFILE_HEAD);
	assert_int_equal(envfile_write(&b, made, &s, &desk.e), 0);
	assert_int_equal(entry_create(&shelf.store, &desk.entry, &desk.e), 0);
	assert_int_equal(
	    write(desk.entry.msg, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(
	    entry_stage(&desk.entry, s.marks, made->n, &desk.e), 0);
	assert_int_equal(entry_commit(&desk.entry, buf_str(&b), &desk.e), 0);
	buf_free(&b);
	desk_take(desk.entry.id);
}

void
desk_take(const char *id)
{
	char name[STORE_ID + 1];

	entry_close(&desk.entry);
	memcpy(name, id, strlen(id) + 1);
	assert_int_equal(
	    entry_take(&shelf.store, name, &desk.entry, &desk.e), TAKE_OK);
	assert_int_equal(entry_load(&desk.entry, &desk.pool, &desk.env,
			     &desk.stored, &desk.e),
	    LOAD_OK);
	desk.content = (struct content){
	    desk.entry.msg, desk.stored.size, desk.stored.eightbit};
	desk.job = (struct job){.envelope = &desk.env,
	    .content = &desk.content,
	    .state = JOB_KEPT,
	    .entry = &desk.entry};
}

void
desk_mark(const char *marks)
{
	for (size_t i = 0; marks[i]; i++)
		assert_int_equal(mark_put(&desk.entry.marks, i,
				     (enum mark)marks[i], &desk.e),
		    0);
}

void
desk_submit(const char *from, struct recipient *r, size_t n, const char *marks)
{
	struct envelope made = {.from = str_c(from), .rcpt = r, .n = n};

	desk_commit(&made, DESK_MESSAGE);
	desk_mark(marks);
	desk_take(desk.entry.id);
}

void
desk_marks_are(const char *marks)
{
	char bytes[10] = "";

	assert_int_equal(
	    mark_read(desk.entry.env, &desk.entry.marks, bytes, &desk.e), 0);
	assert_string_equal(bytes, marks);
}

int
desk_bounce(void)
{
	return bounce_failed(&shelf.store, &desk.job, &desk.stored, &desk.opts,
	    &desk.pool, &desk.e);
}

int
desk_delay(void)
{
	return bounce_delayed(&shelf.store, &desk.job, &desk.stored, &desk.opts,
	    &desk.pool, &desk.e);
}

bool
desk_has(const char *part)
{
	char id[64];

	assert_true(snprintf(id, sizeof(id), "%s%s", desk.entry.id, part) > 0);
	assert_int_equal(shelf_has(id, ".env"), shelf_has(id, ".msg"));
	assert_false(shelf_has(id, ".tmp"));
	return shelf_has(id, ".env");
}

size_t
desk_entries(void)
{
	size_t n = 0;

	for (const char *p = folder_names(&shelf.folder);
	     (p = strstr(p, ".env")) != NULL; p++)
		n++;
	return n;
}

const char *
desk_report(const char *part, struct envelope *renv, struct stored *rs)
{
	struct entry there;
	char name[64];

	assert_true(
	    snprintf(name, sizeof(name), "%s%s", desk.entry.id, part) > 0);
	assert_int_equal(
	    entry_take(&shelf.store, name, &there, &desk.e), TAKE_OK);
	assert_int_equal(
	    entry_load(&there, &desk.pool, renv, rs, &desk.e), LOAD_OK);
	assert_int_equal(rs->strange, 0);
	entry_close(&there);
	assert_true(
	    snprintf(name, sizeof(name), "%s%s.msg", desk.entry.id, part) > 0);
	return folder_get(&shelf.folder, name);
}

void
desk_contains(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no \"%s\" in: %s", what, text);
}

void
desk_lacks(const char *text, const char *what)
{
	if (strstr(text, what) != NULL)
		fail_msg("\"%s\" in: %s", what, text);
}
