/* SPDX-License-Identifier: ISC */
/*
 * What agents tell their dispatcher: both ends of the pipe.
 *
 * One record a line, written in batches, but never across the gate: what was
 * reported before an agent is killed has arrived.  The reading end treats
 * the agent as hostile: a tiny grammar, capped lengths, everything that is
 * not of the form an error.  Who may say what when is for delivery/ to
 * judge.
 *
 * kind     words
 * mx       id preference name        an exchanger of request id
 * srv      id priority weight port encrypted name
 *                                    a host of the service of request id
 * addr     id ip                     an address
 * found    id secure status          request id is answered
 * dial     index end status          an attempt to connect, to that address
 * rcpt     index status              a verdict on one recipient
 * host     reach status              the session is over, for this reason
 * gate     letter                    waits before the end of data
 * show     ms text                   a line of the conversation
 * log      level text
 * fact     number word text          what a host offers or proves
 * lack     text                      the system cannot lock an agent in so
 * mute                               the host reports no success (no DSN);
 *                                    before the gates that this is true of
 * end                                nothing more will come
 *
 * A status is: outcome blame code enhanced text (outcome and blame as
 * numbers, text to the end of the line).
 */
#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H

#include "base/buf.h"
#include "base/err.h"
#include "mail/status.h"

enum record_kind {
	RECORD_MX,
	RECORD_SRV,
	RECORD_ADDR,
	RECORD_FOUND,
	RECORD_DIAL,
	RECORD_RCPT,
	RECORD_HOST,
	RECORD_GATE,
	RECORD_SHOW,
	RECORD_LOG,
	RECORD_FACT,
	RECORD_LACK,
	RECORD_MUTE,
	RECORD_END,
	RECORD_KINDS,
};

struct record {
	enum record_kind kind;
	uint32_t id;	      /* mx, srv, addr, found: request; rcpt,
				 dial: index */
	uint32_t number;      /* mx, srv: preference; found: secure; dial: its
				 end; host: reach; gate: letter; show: ms;
				 log: level; fact: see agent/probe.h */
	uint32_t weight;      /* srv */
	uint32_t port;	      /* srv */
	uint32_t encrypted;   /* srv: TLS comes first; 0 or 1 */
	struct str name;      /* mx, srv: host name; addr: IP address; fact: a
				 word */
	struct status status; /* found, dial, rcpt, host */
	struct str text;      /* show, log, fact, lack */
};

/* How an attempt to connect ended: the number of a dial record. */
enum dial_end { DIAL_REFUSED, DIAL_CONNECTED, DIAL_SILENT };

/* What opens the gate of an smtp agent: the bytes, and what they mean. */
enum gate {
	GATE_SHUT = 0,
	GATE_OPEN = 'g',  /* the end of data may be sent */
	GATE_LOOSE = 'u', /* the same, of a message that is in no spool */
};

/* The longest line, its newline included; fits one atomic pipe write. */
enum { REPORT_LINE = 2048, REPORT_TEXT = 1024 };

/* Appends the record as a line; texts are made inert and cut. */
void report_format(struct buf *, const struct record *);

/*
 * Reads a line (without newline); the record's views point into it.  -1 with
 * *e (ERR_PEER) if it is not of the form.
 */
int report_parse(struct str line, struct record *, struct err *);

/* The writing end. */
struct report {
	int fd;
	/* In-process: gets each line at once, instead of fd. */
	void (*direct)(void *ctx, struct str line);
	void *ctx;
	struct buf batch;
	bool broken; /* a write has failed: nothing more is said */
};

void report_init(struct report *, int fd);
void report_direct(
    struct report *, void (*direct)(void *ctx, struct str line), void *ctx);
void report_free(struct report *);
void report_put(struct report *, const struct record *);
/* What was put is written now; after a failure nothing ever is. */
void report_flush(struct report *);

/*
 * The reading end: takes what fd has, without waiting for more than one
 * read, and hands each whole line to line(ctx).  1: more may come; 0: the
 * end of the stream; -1 with *e: a line too long, or a failed read.
 */
struct report_reader {
	struct buf partial;
};

void report_reader_init(struct report_reader *);
void report_reader_free(struct report_reader *);
int report_read(struct report_reader *, int fd,
    void (*line)(void *ctx, struct str line), void *ctx, struct err *);

#endif
