/* SPDX-License-Identifier: ISC */
/*
 * The group that a set-group-ID bit gave us: that of the spool of a whole
 * system.  The caller, who may be anybody, gets nothing of it but that his
 * message is kept: it is in force around calls that need the spool's
 * directory, and at no other time (J-06, J-07).
 */
#ifndef OS_GROUP_H
#define OS_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * At the very start: the group of a set-group-ID program is put aside; what a
 * set-user-ID bit gave, or any bit gave root, is given up for good.  With
 * either the environment is cleared but for the time zone and the language,
 * and nobody may look into the process (J-03, J-16).
 */
void group_begin(void);

/* Do we have it still? */
bool group_kept(void);

/* Is that so for this group? */
bool group_is(gid_t);

/*
 * Was the program installed set-group-ID?  That may have been without effect
 * (no_new_privs, a file system mounted nosuid, a user namespace), or have been
 * given up.
 */
bool group_installed(void);

/*
 * In force between the two, if we have it.  No child is started and nothing
 * is read between them.  errno stays.
 */
void group_raise(void);
void group_lower(void);

/* Gives it up, for good; ends the process where that is refused. */
void group_drop(void);

#endif
