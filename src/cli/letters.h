/* SPDX-License-Identifier: ISC */
/* The tables of the command line: letters, modes, long words. */
#ifndef CLI_LETTERS_H
#define CLI_LETTERS_H

#include "base/err.h"
#include "cli/request.h"

enum arity {
	ARITY_NONE,
	ARITY_VALUE,	/* attached or the next argument */
	ARITY_ATTACHED, /* attached or none at all */
};

/*
 * One letter.  An option without help and without take means nothing here.
 */
struct option {
	char letter;
	enum arity arity;
	/* NULL: passed over.  Returns 0, or the exit status with *e. */
	int (*take)(struct options *, const struct option *, const char *value,
	    struct err *);
	size_t at;		   /* place in struct options */
	bool (*check)(struct str); /* of the value; NULL: any */
	const char *value;	   /* its name in the help */
	const char *help;
};

/* -bX and --word */
struct mode_word {
	const char *word;
	enum mode mode;
	const char *help;
};

/* --word that goes with others: a bool. */
struct flag_word {
	const char *word;
	size_t at; /* place in struct options */
	const char *help;
};

/* -oX: a key of the configuration. */
struct short_key {
	char letter;
	const char *key;
	const char *value; /* NULL: what follows the letter, ... */
	const char *name;  /* ... by this name in the help */
	const char *help;
};

extern const struct option letters[];
extern const size_t letters_n;
extern const struct mode_word letters_modes[];
extern const size_t letters_modes_n;
extern const struct mode_word letters_words[];
extern const size_t letters_words_n;
extern const struct flag_word letters_flags[];
extern const size_t letters_flags_n;
extern const struct short_key letters_keys[];
extern const size_t letters_keys_n;

#endif
