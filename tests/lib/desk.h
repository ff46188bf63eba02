/* SPDX-License-Identifier: ISC */
/* A message in a spool, as a runner has it, and the reports on it. */
#ifndef LIB_DESK_H
#define LIB_DESK_H

#include "delivery/bounce.h"
#include "shelf.h"

#define DESK_ARRIVED INT64_C(1790000000000)
#define DESK_HOUR INT64_C(3600000)
#define DESK_MESSAGE "Subject: x\r\nX: \xc3\xb6\r\n\r\nthe body\r\n"

struct desk {
	struct resolve_opts aliases;
	struct bounce_opts opts; /* five hours after it came */
	struct pool pool;
	struct buf logged;
	/* The message. */
	struct entry entry;
	struct envelope env;
	struct stored stored;
	struct content content;
	struct job job;
	struct err e;
};

extern struct desk desk;

/* For cmocka_unit_test_setup_teardown. */
int desk_open(void **state);
int desk_close(void **state);

/* Takes an entry that is there. */
void desk_take(const char *id);

/* Commits a message, and takes it. */
void desk_commit(struct envelope *, const char *text);

/* A message from `from` to r[0..n), whose recipients are marked like that. */
void desk_submit(
    const char *from, struct recipient *r, size_t n, const char *marks);
void desk_mark(const char *marks);
void desk_marks_are(const char *marks);

int desk_bounce(void);
int desk_delay(void);

/* Is there an entry (the whole of it), with that part behind the ID? */
bool desk_has(const char *part);

/* All entries. */
size_t desk_entries(void);

/* The envelope and the text of such a report. */
const char *desk_report(const char *part, struct envelope *, struct stored *);

void desk_contains(const char *text, const char *what);
void desk_lacks(const char *text, const char *what);

#endif
