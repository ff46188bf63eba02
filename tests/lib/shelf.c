/* SPDX-License-Identifier: ISC */
#include "shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct shelf shelf;

int
shelf_open(void **state)
{
	struct err e;

	(void)state;
	folder_make(&shelf.folder);
	return store_open(&shelf.store, shelf.folder.path, (uid_t)-1, &e);
}

int
shelf_close(void **state)
{
	(void)state;
	store_close(&shelf.store);
	folder_remove(&shelf.folder);
	return 0;
}

bool
shelf_has(const char *id, const char *kind)
{
	char name[64];

	assert_true(snprintf(name, sizeof(name), "%s%s", id, kind) > 0);
	return folder_has(&shelf.folder, name);
}

int
shelf_submit(struct entry *entry, struct err *e)
{
	if (entry_create(&shelf.store, entry, e) < 0)
		return -1;
	assert_int_equal(write(entry->msg, "body", 4), 4);
	if (entry_stage(entry, SHELF_AT, SHELF_N, e) < 0)
		return -1;
	return entry_commit(entry, STR(SHELF_TEXT), e);
}

void
shelf_commit(struct entry *entry)
{
	struct err e;

	assert_int_equal(shelf_submit(entry, &e), 0);
	assert_int_equal(entry_settle(entry, true, &e), 1);
}

enum take
shelf_take(const char *id, struct entry *entry, struct err *e)
{
	enum take took = entry_take(&shelf.store, id, entry, e);

	entry->marks.at = SHELF_AT;
	entry->marks.n = SHELF_N;
	return took;
}

void
shelf_mark(struct entry *entry, enum mark mark)
{
	struct err e;

	for (size_t i = 0; i < entry->marks.n; i++)
		assert_int_equal(mark_put(&entry->marks, i, mark, &e), 0);
	assert_int_equal(mark_sync(&entry->marks, &e), 0);
}

pid_t
shelf_child(void (*f)(struct entry *), struct entry *entry)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		f(entry);
		_exit(0);
	}
	return pid;
}

void
shelf_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
}
