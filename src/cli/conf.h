/* SPDX-License-Identifier: ISC */
/*
 * The configuration.  One table of keys reads it from a file or from -O,
 * checks it, prints it, and is compared with hantar.conf(5) by a test.  The
 * floors below never see this struct: each gets small options of its own.
 */
#ifndef CLI_CONF_H
#define CLI_CONF_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "mail/errand.h"

/* The one file of aliases that need not be there. */
#define CONF_ALIASES "/etc/aliases"

enum conf_delivery { DELIVERY_FOREGROUND, DELIVERY_BACKGROUND, DELIVERY_QUEUE };
enum conf_errors { ERRORS_PRINT, ERRORS_QUIET, ERRORS_MAIL, ERRORS_MAIL_ONLY };

/*
 * Text is a view that lives as long as the pool it was read into; all other
 * kinds are numbers: times in ms, sizes in octets, words as their enum.
 */
struct conf {
	struct str hostname;	  /* empty: what the host calls itself */
	struct str mailname;	  /* empty: /etc/mailname, else hostname */
	struct str sender;	  /* empty: the caller's login */
	struct str helo;	  /* empty: hostname, else an address literal */
	struct str aliases;	  /* empty: none */
	struct str local_domains; /* empty: hostname, mailname */
	struct str nameserver;
	struct str log;
	struct str spool_path; /* empty: none */
	int64_t spool_room;
	struct str double_bounce_to;
	int64_t patience;
	int64_t delivery;
	int64_t errors;
	int64_t ignore_dots;
	int64_t strict_input;
	int64_t subtract_operands;
	int64_t refuse_empty;
	int64_t max_recipients;
	int64_t max_header;
	int64_t max_message;
	int64_t trust_ad;
	int64_t dns_timeout;
	int64_t dns_patience;
	int64_t smtp_port;
	int64_t ip;
	int64_t loopback_mx;
	int64_t tls;
	int64_t agents;
	int64_t attempt_limit;
	int64_t attempts_end;
	int64_t wait[WAITS];
};

/* Every key at its default; as with all texts, they live in the pool. */
void conf_default(struct conf *, struct pool *);

/*
 * Sets one key.  -1 with *e, which names the nearest key if there is none of
 * this name.  The value is copied to the pool.
 */
int conf_set(struct conf *, struct str key, struct str value, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * As conf_set, for -O: takes sendmail's own names as well (DeliveryMode,
 * ErrorMode, IgnoreDots), and passes over those of sendmail's that mean
 * nothing here: unknown names with a capital letter in front.
 */
int conf_option(struct conf *, struct str key, struct str value, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * Reads a configuration's text; name is what errors call it: "name:7:
 * ...".  -1 with *e; the keys read so far are then set.
 */
int conf_parse(struct conf *, struct str text, const char *name, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * Reads the file at path, which must be there: 0, or -1 with *e.  trusted:
 * the caller named it; else it must belong to root or to us, and others must
 * not be able to write to it (J-11).
 */
int conf_read(struct conf *, const char *path, bool trusted, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * The file that is read when none is named: the user's own (not root's), else
 * the system's; NULL if there is neither.  home may be empty.
 */
const char *conf_path(struct str home, struct pool *);

/* Appends a file that conf_parse reads back to the same. */
void conf_print(struct buf *, const struct conf *);

#endif
