/* SPDX-License-Identifier: ISC */
/*
 * The command line.  Tables of letters, modes and long words (letters.h) read
 * it, print the help, and are compared with hantar(8) by a test.  The letters
 * belong to sendmail; what only this program can do has long words.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

/* What was asked for. */
enum mode {
	MODE_SEND,
	MODE_HELP,
	MODE_VERSION,
	MODE_CHECK, /* is the configuration valid? */
	MODE_PRINT_CONFIG,
	MODE_SPOOL,	  /* something that only a spool can answer */
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
	/* NULL where the option was not given. */
	const char *sender;    /* -f, -r */
	const char *full_name; /* -F */
	const char *config;    /* -C */
	const char *tag;       /* -L */
	const char *ret;       /* -R */
	struct setting *settings;
	size_t settings_n;
	char **operands;
	size_t operands_n;
};

/*
 * Reads argv; name and mode come from the personality, and a mode of the
 * command line wins over it.  Returns 0, or the exit status with *e.
 * The views in *o are of argv or of the pool.
 */
int options_parse(struct options *o, const char *name, enum mode mode, int argc,
    char **argv, struct pool *, struct err *)
    __attribute__((warn_unused_result));

#endif
