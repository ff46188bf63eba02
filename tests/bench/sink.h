/* SPDX-License-Identifier: ISC */
/*
 * The two halves of the sink: sink.c has the sockets, the turns and the
 * counters, sink_talk.c the conversation with one client.
 */
#ifndef SINK_H
#define SINK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SINK_IN = 1 << 18,
	SINK_OUT = 1 << 16,
};

enum sink_kind { INPUT, LISTENER, CONTROLS, CONTROL, CLIENT };
enum sink_state { COMMAND, BODY, STARTING, HANDSHAKE };

struct watched {
	enum sink_kind kind;
	int fd;
};

struct client {
	struct watched w;
	enum sink_state state;
	bool ended;
	unsigned recipients;
	unsigned asked; /* this many lines of a login are to come */
	SSL *ssl;
	bool shaking; /* hands, and it is our turn */
	int64_t due;  /* when our turn ends, 0: not our turn */
	struct client *next_due;
	size_t have;
	size_t out;
	char in[SINK_IN];
	char reply[SINK_OUT];
};

struct counters {
	uint64_t connections, transactions, recipients, bytes, turns, tls,
	    logins;
};

extern struct counters count;
extern SSL_CTX *sink_tls; /* NULL: STARTTLS is not offered */
extern bool sink_logins;  /* AUTH is offered, over TLS */

/* Puts a reply into c->reply. */
void talk_say(struct client *c, const char *text);

/* Sends what is in c->reply: the end of our turn. */
void talk_send(struct client *c);

/* Reads and handles all that has come; what is to be said is then in c->reply.
 * False: the connection is at its end. */
bool talk_hear(struct client *c);

#endif
