/* SPDX-License-Identifier: ISC */
/* What a command line asks for: see cli/options.h, which reads it. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "base/pool.h"
#include "mail/envelope.h"
#include "spool/select.h"

enum mode {
	MODE_SEND,
	MODE_HELP,
	MODE_VERSION,
	MODE_CHECK, /* is the configuration valid? */
	MODE_PRINT_CONFIG,
	MODE_VERIFY,   /* how would it be routed? */
	MODE_TLS_TEST, /* what does a host offer and prove? */
	MODE_ALIASES,  /* is the file of aliases valid? */
	MODE_QUEUE,    /* run the queue */
	MODE_DUE,      /* run what of it is due */
	MODE_LIST,     /* look at the queue */
	MODE_COUNT,
	MODE_STATUS,
	MODE_HOLD, /* change the entries that the operands name */
	MODE_RELEASE,
	MODE_REQUEUE,
	MODE_DELETE,
	MODE_UNSUPPORTED, /* known, and not built (yet) */
	MODES,
};

/* A key of the configuration that is given on the command line. */
struct setting {
	struct str key;
	struct str value;
	const char *option; /* how it was given, for errors: "-odb" */
};

struct options {
	struct pool *pool;
	const char *name; /* what the program was called */
	enum mode mode;
	const char *what; /* the name or option that chose the mode */
	bool from_header; /* -t */
	bool verbose;	  /* -v */
	bool gateway;	  /* -G */
	bool no_aliases;  /* -n */
	int64_t every;	  /* -q15m: run the queue so often, ms; 0: once */
	bool json;	  /* --json */
	/* NULL where the option was not given. */
	const char *sender;    /* -f, -r */
	const char *full_name; /* -F */
	const char *config;    /* -C */
	const char *tag;       /* -L */
	const char *envid;     /* -V */
	unsigned notify;       /* -N, enum dsn_notify; 0: not given */
	enum ret ret;	       /* -R */
	struct setting *settings;
	size_t settings_n;
	struct selector *selectors; /* -qI, -qR, -qS */
	size_t selectors_n;
	char **operands;
	size_t operands_n;
};

#endif
