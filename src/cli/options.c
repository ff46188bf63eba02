/* SPDX-License-Identifier: ISC */
#include "cli/options.h"

#include <sysexits.h>

#include "cli/letters.h"

static int
take_word(struct options *o, const char *argument, struct err *e)
{
	const char *word = argument + 2;

	for (size_t i = 0; i < letters_words_n; i++)
		if (str_eq(str_c(word), str_c(letters_words[i].word))) {
			o->mode = letters_words[i].mode;
			o->what = argument;
			return 0;
		}
	for (size_t i = 0; i < letters_flags_n; i++)
		if (str_eq(str_c(word), str_c(letters_flags[i].word))) {
			bool yes = true;

			memcpy(
			    (char *)o + letters_flags[i].at, &yes, sizeof(yes));
			return 0;
		}
	err_set(e, ERR_SYNTAX, "unknown option --%s", word);
	return EX_USAGE;
}

static const struct option *
find(char letter)
{
	for (size_t i = 0; i < letters_n; i++)
		if (letters[i].letter == letter)
			return &letters[i];
	return NULL;
}

static int
take(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	if (opt->check && !opt->check(str_c(value))) {
		err_set(e, ERR_SYNTAX, "-%c %s: not a valid %s", opt->letter,
		    value, opt->value);
		return EX_USAGE;
	}
	return opt->take ? opt->take(o, opt, value, e) : 0;
}

/* Bundled letters, the last of which may take a value; next is the next
 * argument, NULL at the end; *used is set if it was taken. */
static int
take_letters(struct options *o, const char *letter, const char *next,
    bool *used, struct err *e)
{
	for (; *letter != '\0'; letter++) {
		const struct option *opt = find(*letter);
		const char *value = letter + 1;
		int status;

		if (opt == NULL) {
			err_set(e, ERR_SYNTAX, "unknown option -%c", *letter);
			return EX_USAGE;
		}
		if (opt->arity == ARITY_VALUE && *value == '\0') {
			if (next == NULL) {
				err_set(e, ERR_SYNTAX, "-%c needs a value",
				    *letter);
				return EX_USAGE;
			}
			*used = true;
			value = next;
		}
		status = take(o, opt, value, e);
		if (status != 0 || opt->arity != ARITY_NONE)
			return status;
	}
	return 0;
}

/*
 * An option behind the first recipient would be a recipient: nobody means
 * that who does not say so by "--".
 */
static int
check_operands(const struct options *o, struct err *e)
{
	for (size_t i = 0; i < o->operands_n; i++) {
		if (o->operands[i][0] != '-' ||
		    strchr(o->operands[i], '@') != NULL)
			continue;
		err_set(e, ERR_SYNTAX,
		    "%.100s: options end at the first recipient; put this in "
		    "front of it, or -- in front of all recipients",
		    o->operands[i]);
		return EX_USAGE;
	}
	return 0;
}

bool
options_is_lone(enum mode mode)
{
	static const bool lone[MODES] = {
	    [MODE_QUEUE] = true,
	    [MODE_DUE] = true,
	    [MODE_LIST] = true,
	    [MODE_COUNT] = true,
	    [MODE_STATUS] = true,
	    [MODE_ALIASES] = true,
	    [MODE_CHECK] = true,
	    [MODE_PRINT_CONFIG] = true,
	};

	return lone[mode];
}

/*
 * What was put behind a command that takes nothing was meant to do something:
 * "-q 15m", or a recipient whose message would not be read.
 */
static int
check_none(const struct options *o, struct err *e)
{
	if (!options_is_lone(o->mode) || o->operands_n == 0)
		return 0;
	err_set(e, ERR_SYNTAX, "%.100s: nothing can follow %.100s%s",
	    o->operands[0], o->what,
	    o->mode == MODE_QUEUE ? ", and a time is part of it, as in -q15m"
				  : "");
	return EX_USAGE;
}

int
options_parse(struct options *o, const char *name, enum mode mode, int argc,
    char **argv, struct pool *p, struct err *e)
{
	int i = argc > 0 ? 1 : 0;
	bool ended = false;
	int status;

	*o = (struct options){
	    .name = name, .mode = mode, .what = name, .pool = p};
	/* What follows the first operand is operands. */
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		bool used = false;

		if (str_eq(str_c(argv[i]), STR("--"))) {
			i++;
			ended = true;
			break;
		}
		status = argv[i][1] == '-'
		    ? take_word(o, argv[i], e)
		    : take_letters(o, argv[i] + 1, next, &used, e);
		if (status != 0)
			return status;
		i += used;
	}
	o->operands = argv + i;
	o->operands_n = (size_t)(argc - i);
	status = check_none(o, e);
	return status || ended ? status : check_operands(o, e);
}
