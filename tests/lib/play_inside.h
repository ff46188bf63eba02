/* SPDX-License-Identifier: ISC */
/* The inside of lib/play.h: reading one case, statement by statement. */
#ifndef LIB_PLAY_INSIDE_H
#define LIB_PLAY_INSIDE_H

#include "play.h"

#define APPEND(list, item)                         \
	do {                                       \
		while (*(list))                    \
			(list) = &(*(list))->next; \
		*(list) = (item);                  \
	} while (0)

struct reading {
	struct pool *pool;
	struct play *play;
	struct script *script; /* the server that is being written */
	struct buf *lines;     /* | lines belong to that; NULL: to nothing */
	struct path *last_path;
	struct buf message, wire;
	struct err *e;
};

/* A name without a dot is one under .test. */
struct str play_name(struct pool *, struct str name);

/* Each takes the rest of a line of that name. */
int play_host(struct reading *, const struct line *, struct str rest);
int play_dns(struct reading *, const struct line *, struct str rest);
int play_mx(struct reading *, const struct line *, struct str rest);
int play_server(struct reading *, const struct line *, struct str rest);
int play_result(struct reading *, const struct line *, struct str rest);
int play_took(struct reading *, const struct line *, struct str rest);

/* Gives each host addresses in the zone that says nothing of it. */
void play_addresses(struct reading *);

/* One "S: ", "S! ", "C: ", "C< " or "C! " line. */
int play_step(const struct line *, struct pool *, struct step *, struct err *);

/* The rest of a "dns" line. */
int play_record(const struct line *, struct str rest, struct pool *,
    struct rr *, struct err *);

/* "FILE:LINE: what: word" into *e; -1. */
int play_bad(
    struct err *e, const struct line *, const char *what, struct str word);

#endif
