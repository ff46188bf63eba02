/* SPDX-License-Identifier: ISC */
/*
 * Which entries are meant: those that have, or have not, some text in their
 * ID, in their sender or in a recipient (G-13).  Pure.
 */
#ifndef SPOOL_SELECT_H
#define SPOOL_SELECT_H

#include "spool/envfile.h"

enum select_by { SELECT_ID, SELECT_RECIPIENT, SELECT_SENDER };

struct selector {
	enum select_by by;
	bool negated;
	struct str part; /* the case of ASCII letters does not matter */
};

/*
 * Reads "Ipart", "Rpart" or "Spart", with a "!" in front where it is
 * negated: what follows -q.  False if it is none of them; the part is a view.
 */
bool select_read(struct str text, struct selector *);

/*
 * Do all n hold?  Of recipients count those for whom something is to be done
 * yet: one with the part in it is enough, and negated there must be none.
 */
bool select_matches(const struct selector *, size_t n, const struct envelope *,
    const struct stored *);

#endif
