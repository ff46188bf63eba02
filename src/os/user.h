/* SPDX-License-Identifier: ISC */
/* Who calls us, and what this host is called. */
#ifndef OS_USER_H
#define OS_USER_H

#include <sys/types.h>

#include "base/pool.h"

struct user {
	unsigned long uid; /* the real one */
	struct str login;  /* "uid1234" if the uid has no name */
	struct str name;   /* full name from GECOS, "&" resolved; or empty */
	struct str home;   /* or empty */
	bool known;	   /* the uid has an entry in the user database */
};

/*
 * The caller: by getuid(), never by LOGNAME or USER, but as a tie-break
 * between names of the same uid.
 */
void user_self(struct user *, struct pool *);

/* $HOME, where the environment may be trusted, else that of the user
 * database; an absolute path, or empty. */
struct str user_home(struct pool *);

/* The number of the user who runs the queue of a system, (uid_t)-1 if there
 * is none. */
uid_t user_service(void);

/* What a user, and a group, is called; its number where it has no name. */
struct str user_name_of(uid_t, struct pool *);
struct str user_group_of(gid_t, struct pool *);

/*
 * The host's own name: gethostname() if it has a dot, else the canonical
 * name that the hosts file gives it, else the bare name.
 */
struct str user_hostname(struct pool *);

/* The first line of /etc/mailname, or an empty view. */
struct str user_mailname(struct pool *);

#endif
