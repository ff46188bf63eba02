/* SPDX-License-Identifier: ISC */
/*
 * SCRAM (RFC 5802, 7677), the client's side.  Neither side learns the secret
 * from the other, and each proves to know it: what the server says is to be
 * believed once scram_verify has succeeded, and not before.  Pure functions;
 * the server's messages are hostile input.
 */
#ifndef SMTP_SCRAM_H
#define SMTP_SCRAM_H

#include "base/buf.h"
#include "os/crypto.h"

enum {
	SCRAM_ROUNDS_MIN = 4096,     /* what a server should ask for */
	SCRAM_ROUNDS_MAX = 10000000, /* some seconds of work */
	SCRAM_MESSAGE = 12288,	     /* octets of a message, at most */
};

/* What the client knows; user and secret as SASLprep made them. */
struct scram_client {
	enum crypto_hash hash;
	struct str user;
	struct str secret;
	struct str nonce; /* printable, no comma; used once */
	/*
	 * The channel binding that goes into the proof: its name ("" if
	 * the mechanism has none) and its bytes; or could, where only the
	 * server offers none (RFC 5802, 6).
	 */
	struct str binding_name, binding;
	bool could_bind;
	bool few_rounds; /* fewer than SCRAM_ROUNDS_MIN are good enough */
};

struct scram {
	struct buf header;		       /* gs2-header */
	struct buf bare;		       /* client-first-message-bare */
	int rounds;			       /* that the server asked for */
	unsigned char server[CRYPTO_HASH_MAX]; /* the signature that it must
						  have */
};

void scram_init(struct scram *);
void scram_free(struct scram *);

/* Appends a saslname: a comma and an equals sign are escaped. */
void scram_name(struct buf *, struct str name);

/* The client's first message. */
void scram_first(struct scram *, const struct scram_client *, struct buf *out);

/* Its last, for the server's first.  -1 with *e: that cannot be answered. */
int scram_final(struct scram *, const struct scram_client *,
    struct str challenge, struct buf *out, struct err *)
    __attribute__((warn_unused_result));

/* -1 with *e if the server does not know the secret. */
int scram_verify(const struct scram *, const struct scram_client *,
    struct str challenge, struct err *) __attribute__((warn_unused_result));

#endif
