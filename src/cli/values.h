/* SPDX-License-Identifier: ISC */
/*
 * What the configuration says.  The floors below never see these structs:
 * each gets small options of its own.
 */
#ifndef CLI_VALUES_H
#define CLI_VALUES_H

#include "route/route.h"

/* The one file of aliases that need not be there. */
#define CONF_ALIASES "/etc/aliases"
/* The spool that there is if none is named: see cli/place.h. */
#define CONF_SPOOL "default"

enum conf_section { CONF_MAIN, CONF_RELAY, CONF_ROUTE, CONF_SECTIONS };

/* What every section with a name begins with. */
struct conf_head {
	struct str name;
	unsigned file; /* the how-many-eth that was read named it last, */
	unsigned line; /* on this line */
};

/* Who we are for a relay: see cli/logins.h. */
struct conf_login {
	struct str user;
	struct str file, command; /* where the password is; or empty */
	struct str mechs;	  /* of AUTH; empty: the usual ones */
};

/* Rules for senders, see mail/rewrite.h: of the envelope, of the field From. */
struct conf_rewrite {
	struct str sender, from;
};

/* What is asked of a connection. */
struct conf_tls {
	int64_t level;		/* or CONF_TLS_DEFAULT */
	struct str prints;	/* fingerprints */
	struct str authorities; /* a file or a folder; empty: the system's */
	struct str certificate; /* our own; empty: none */
	struct str key;		/* empty: it is in the same file */
};

/* [relay "name"]: hosts that take mail for others. */
struct conf_relay {
	struct conf_head head;
	struct str host; /* those of relay_hosts */
	struct str from; /* senders whose mail goes there */
	struct conf_rewrite rewrite;
	struct conf_tls tls;
	struct conf_login login;
	struct str source; /* addresses to connect from; empty: the main's */
};

/* [route "pattern"]: how mail for some domains goes. */
struct conf_route {
	struct conf_head head; /* the pattern: see route/route.h */
	struct str relay;      /* empty: as all others; or none */
	struct conf_tls tls;
	struct str source; /* empty: that of the relay, or the main one */
};

/* Where nothing is said: what is usual there. */
enum { CONF_TLS_DEFAULT = -1 };

/* The value of a route's key relay that means: none. */
#define CONF_NO_RELAY "none"

enum conf_delivery { DELIVERY_FOREGROUND, DELIVERY_BACKGROUND, DELIVERY_QUEUE };
enum conf_errors { ERRORS_PRINT, ERRORS_QUIET, ERRORS_MAIL, ERRORS_MAIL_ONLY };

/*
 * Text is a view that lives as long as the pool it was read into; all other
 * kinds are numbers: times in ms, sizes in octets, words as their enum.
 */
struct conf {
	struct str hostname; /* empty: what the host calls itself */
	struct str mailname; /* empty: /etc/mailname, else hostname */
	struct str sender;   /* empty: the caller's login */
	struct conf_rewrite rewrite;
	struct str helo;	  /* empty: hostname, else an address literal */
	struct str aliases;	  /* empty: none */
	struct str local_domains; /* empty: hostname, mailname */
	struct str nameserver;
	struct str log;
	struct str relay; /* a section's name, or hosts; empty: none */
	struct conf_login login;
	struct str spool_path; /* empty: none; CONF_SPOOL */
	int64_t spool_room;
	/* Who may do what, see cli/may.h; whose entries a user is shown. */
	struct str submit_users, mailq_users, flush_users;
	int64_t mailq_all;
	struct str double_bounce_to;
	int64_t patience;
	int64_t delivery;
	int64_t errors;
	int64_t ignore_dots;
	int64_t qualify_headers;
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
	struct str source;   /* addresses to connect from; empty: any */
	int64_t null_client; /* names of this host go to the relay, too */
	int64_t loopback_mx;
	struct conf_tls tls;
	int64_t agents;
	int64_t attempt_limit;
	int64_t attempts_end;
	int64_t wait[WAITS];
	struct conf_relay *relays;
	size_t relays_n;
	struct conf_route *routes;
	size_t routes_n;
	unsigned files;			   /* that were read, */
	const struct conf_source *sources; /* the last of them */
	struct routes ways;		   /* made of these by cli/ways.h */
};

/* A file of the configuration. */
struct conf_source {
	const char *path;
	const struct conf_source *before; /* read before it; or NULL */
};

/* A section: its struct. */
struct conf_scope {
	enum conf_section section;
	void *at;
};

#endif
