/* SPDX-License-Identifier: ISC */
/*
 * The log: one event, one line.  Where lines go is set once by main
 * (os/journal.h gives the sinks); until then, and in agents, nowhere: an
 * agent's lines travel in its report.  Logging never fails and never
 * changes what happens to mail.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/str.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO };

/* Gets one line without newline, printable ASCII only. */
typedef void (*log_sink)(
    void *ctx, enum log_level level, const char *part, struct str line);

/* Lines go to sink(ctx, ...); NULL: nowhere. */
void log_to(log_sink sink, void *ctx);

/*
 * part names the part of the program that speaks ("smtp", "pickup"): it
 * stands behind the program's name in the log.  What is not printable ASCII
 * is escaped; lines are cut at 2,000 bytes.
 */
void log_event(enum log_level level, const char *part, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
