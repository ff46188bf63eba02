/* SPDX-License-Identifier: ISC */
/*
 * The grammar of aliases files, as aliases(5) of sendmail and of Postfix have
 * it: a pure function of the bytes, which opens nothing (H-01 to H-03).
 *
 *	# a comment, also with blanks in front
 *	root: me@example.org, \alice,
 *	      "|/usr/bin/archive -q", /var/mail/copy
 *	"a name: quoted": :include:/etc/mail/list
 *
 * An entry goes on in lines that begin with a blank, and behind a backslash
 * at the end of a line; empty lines and comments do not end it.  A value is
 * what stands between commas that are not within quotes or comments; all of
 * it may be within quotes.  Names are compared without regard to case.  Of
 * entries of the same name the first is the one that counts.
 */
#ifndef MAIL_ALIAS_H
#define MAIL_ALIAS_H

#include "mail/addr.h"

enum alias_type {
	ALIAS_ADDRESS, /* has a domain */
	ALIAS_NAME,    /* has none: an alias, or a user of this host */
	ALIAS_USER,    /* "\name": the user, whatever the aliases say */
	ALIAS_FILE,    /* "/path" */
	ALIAS_FOLDER,  /* "/path/": a Maildir */
	ALIAS_COMMAND, /* "|command" */
	ALIAS_INCLUDE, /* ":include:/path" */
};

struct alias_item {
	enum alias_type type;
	struct addr addr; /* ADDRESS; NAME and USER: only its local part */
	struct str text;  /* the others: path or command, without its mark */
};

struct alias {
	struct str name; /* in lower case, without quotes */
	unsigned line;	 /* where it begins */
	size_t size;	 /* octets of the value, as written */
	struct alias_item *item;
	size_t n; /* at least 1 */
};

struct alias_wrong {
	unsigned line;
	struct str text; /* printable */
};

struct aliases {
	struct alias *entry; /* by name, each once */
	size_t n;
	/* By line; when there are ALIAS_WRONG_MAX, reading ends. */
	struct alias_wrong *wrong;
	size_t wrong_n;
	/*
	 * Points to the first of them that is not just a name defined twice;
	 * NULL: every line could be read.
	 */
	const struct alias_wrong *broken;
};

enum {
	ALIAS_WRONG_MAX = 50,
	ALIAS_FILE_MAX = 16 << 20, /* octets: what its readers take */
};

/* Reads text; what comes of it is allocated in the pool. */
void alias_parse(struct aliases *, struct str text, struct pool *);

/* The entry called name, in whatever case; NULL if there is none. */
const struct alias *alias_find(const struct aliases *, struct str name);

#endif
