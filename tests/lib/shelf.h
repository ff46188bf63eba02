/* SPDX-License-Identifier: ISC */
/* A spool for the length of a test, and entries in it. */
#ifndef LIB_SHELF_H
#define LIB_SHELF_H

#include "folder.h"
#include "spool/take.h"

/* An envelope in miniature: three marks, at 6. */
#define SHELF_TEXT "marks www\nend\n"
enum { SHELF_AT = 6, SHELF_N = 3 };

struct shelf {
	struct folder folder;
	struct store store;
};

extern struct shelf shelf;

/* For cmocka_unit_test_setup_teardown. */
int shelf_open(void **state);
int shelf_close(void **state);

/* Is there ID.kind in the spool? */
bool shelf_has(const char *id, const char *kind);

/* Makes an entry up to its commit, as far as it goes. */
int shelf_submit(struct entry *, struct err *);

/* An entry of the queue, still held. */
void shelf_commit(struct entry *);

/* entry_take, with the marks where they are in the miniature. */
enum take shelf_take(const char *id, struct entry *, struct err *);

/* Marks all its recipients, on disk. */
void shelf_mark(struct entry *, enum mark);

/* Runs f(entry) in a child, which inherits all; shelf_wait collects it. */
pid_t shelf_child(void (*f)(struct entry *), struct entry *);
void shelf_wait(pid_t);

#endif
