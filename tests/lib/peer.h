/* SPDX-License-Identifier: ISC */
/*
 * One connection of a scripted server.  Never blocks; the world drives it.
 *
 * The scripts are strict.  What follows is checked without being written
 * down in each of them: the server speaks only when everything that the
 * client said was expected (so the client waits for replies); commands that
 * stand together arrive together, in one flight; behind the last line the
 * client closes, and says nothing but QUIT.
 */
#ifndef LIB_PEER_H
#define LIB_PEER_H

#include "play.h"

/* What went wrong, for people. */
struct faults {
	struct buf text;
	unsigned n;
};

struct peer;

/*
 * A connection was accepted: fd belongs to the peer.  wire is the message as
 * it must arrive.
 */
struct peer *peer_new(
    int fd, const struct script *, struct str wire, struct faults *);
void peer_free(struct peer *);

/* As a vtime_idle. */
bool peer_run(struct peer *, int64_t *next);

/* The client has gone, and the script was played to its end (or is lost). */
bool peer_over(const struct peer *);

/* What is frozen reads on. */
void peer_thaw(struct peer *);

/* Says where the script stands, as a fault. */
void peer_unfinished(struct peer *);

/* Adds a fault: "FILE:LINE (row N): ..." and a newline. */
void fault_add(struct faults *, const struct line *, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
