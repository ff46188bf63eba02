/* SPDX-License-Identifier: ISC */
/*
 * The text of an envelope, ID.env, in version 1 (hantar-spool(5)):
 *
 *	hantar-spool 1 00000321 0002	place and number of the marks
 *	arrived 1732477000.123
 *	uid 1000			who gave it, as we were told
 *	size 12345
 *	body 7bit
 *	from <bob@example.org>
 *	message-id <...>		from here on: if there is one
 *	envid ...
 *	ret full
 *	args ...
 *	to <a@example.org> notify=success,failure orcpt=rfc822;a
 *	to <b@example.org> orig=<staff> from=<owner-staff@example.org>
 *	marks ww			see spool/mark.h
 *	doubt 00			doubtful sends, a digit each
 *	end
 *	event ...			see spool/event.h
 *
 * Up to `end` it is written once.  Marks and digits are overwritten in
 * place, event lines are appended.  Pure functions over bytes.
 */
#ifndef SPOOL_ENVFILE_H
#define SPOOL_ENVFILE_H

#include "base/err.h"
#include "mail/envelope.h"
#include "spool/mark.h"

enum {
	ENVFILE_RCPTS = 1000,	/* of one entry */
	ENVFILE_HEAD = 8 << 20, /* octets up to `end` */
	ENVFILE_MAX = 16 << 20, /* and with all that was appended */
	ENVFILE_ARGS = 1024,	/* of the arguments are kept */
	ENVFILE_DOUBTS = 9,	/* are counted */
};

/* What is known of a recipient besides mail/envelope.h. */
struct fate {
	enum mark mark;
	unsigned doubts;
	unsigned attempts;    /* that event lines tell of */
	int64_t last;	      /* the last of them, ms of the wall clock; 0 */
	int64_t next;	      /* when to try it again; 0: nothing is known */
	bool warned;	      /* the sender knows of the delay */
	struct status status; /* of the last attempt; the text is the pool's */
	struct str relay;
};

/* What is known of an entry. */
struct stored {
	int64_t arrived;   /* ms of the wall clock */
	unsigned long uid; /* as the file says */
	uint64_t size;	   /* of the message */
	bool eightbit;
	struct str message_id;
	struct str args; /* of the command that gave it, for people; of a
			    report (delivery/notice.h), on whom it is */
	int64_t marks;	 /* the place of the marks */
	bool held;
	int64_t spoke;	   /* the last event line; 0: there is none */
	size_t strange;	   /* lines behind `end` that are no events */
	uint64_t whole;	   /* octets up to the end of the last whole line */
	struct fate *fate; /* one a recipient */
};

/*
 * Appends the text of a new envelope, of at most ENVFILE_RCPTS recipients;
 * all are waiting.  s->marks is set; what else it says of fates and events
 * is not looked at.  -1 with *e if it is too large.
 */
int envfile_write(struct buf *, const struct envelope *, struct stored *,
    struct err *) __attribute__((warn_unused_result));

enum envfile {
	ENVFILE_OK,
	ENVFILE_VERSION, /* a newer program's: leave it alone (G-04) */
	ENVFILE_BROKEN,	 /* *e says how */
};

/*
 * Reads such a text, be it anybody's.  Everything is copied to the pool;
 * env->id is left as it is, the status of recipients is open.
 */
enum envfile envfile_read(struct str, struct pool *, struct envelope *,
    struct stored *, struct err *);

/* The place of the digit that counts doubtful sends to recipient i. */
int64_t envfile_doubts(const struct marks *, size_t i);

#endif
