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
#include "cli/values.h"

/* Every key at its default; as with all texts, they live in the pool. */
void conf_default(struct conf *, struct pool *);

/*
 * Sets one key of the main section.  -1 with *e, which names the nearest key if
 * there is none of this name.  The value is copied to the pool.
 */
int conf_set(struct conf *, struct str key, struct str value, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * May anybody set this key by -O, whatever set-group-ID bit the program has?
 * Such a key names no file, no server and no host (J-05).
 */
bool conf_is_ordinary(struct str key);

/*
 * As conf_set, for -O: takes sendmail's own names as well (DeliveryMode,
 * ErrorMode, IgnoreDots), and passes over those of sendmail's that mean
 * nothing here: unknown names with a capital letter in front.  The keys
 * that say what users may do are refused.
 */
int conf_option(struct conf *, struct str key, struct str value, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/*
 * Reads a configuration's text; name is what errors call it: "name:7:
 * ...".  What it says counts over what was read before; a section that was
 * there before goes on.  -1 with *e; the keys read so far are then set.
 */
int conf_parse(struct conf *, struct str text, const char *name, struct pool *,
    struct err *) __attribute__((warn_unused_result));

/* Appends a file that conf_parse reads back to the same. */
void conf_print(struct buf *, struct conf *);

#endif
