/* SPDX-License-Identifier: ISC */
#include "cli/help.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/code.h"
#include "cli/letters.h"

enum { COLUMN = 18 };

void
help_usage(struct buf *b, const char *name, enum mode mode)
{
	struct buf inert; /* it is what our caller says that we are called */

	buf_init(&inert, 100);
	code_inert(&inert, str_c(name), 100);
	buf_printf(b, "usage: %s [option ...]%s; %s --help lists the options\n",
	    inert.p, options_is_lone(mode) ? "" : " [--] [recipient ...]",
	    inert.p);
	buf_free(&inert);
}

/* One line: the option by format, and behind it what it does. */
static void __attribute__((format(printf, 3, 4)))
line(struct buf *b, const char *help, const char *format, ...)
{
	char option[64];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(option, sizeof(option), format, ap);
	va_end(ap);
	buf_printf(b, "  %-*s%s\n", COLUMN - 2, option, help);
}

static void
letter_line(struct buf *b, const struct option *opt)
{
	if (opt->arity == ARITY_NONE)
		line(b, opt->help, "-%c", opt->letter);
	else if (opt->arity == ARITY_VALUE)
		line(b, opt->help, "-%c %s", opt->letter, opt->value);
	else
		line(b, opt->help, "-%c[%s]", opt->letter, opt->value);
}

void
help_print(struct buf *b, const char *name)
{
	help_usage(b, name, MODE_SEND);
	for (size_t i = 0; i < letters_n; i++)
		if (letters[i].help)
			letter_line(b, &letters[i]);
	for (size_t i = 0; i < letters_modes_n; i++)
		if (letters_modes[i].help)
			line(b, letters_modes[i].help, "-b%s",
			    letters_modes[i].word);
	for (size_t i = 0; i < letters_keys_n; i++)
		line(b, letters_keys[i].help,
		    letters_keys[i].value ? "-o%c" : "-o%c<%s>",
		    letters_keys[i].letter, letters_keys[i].name);
	for (size_t i = 0; i < letters_words_n; i++)
		line(b, letters_words[i].help, "--%s", letters_words[i].word);
	for (size_t i = 0; i < letters_flags_n; i++)
		line(b, letters_flags[i].help, "--%s", letters_flags[i].word);
	buf_add(b, STR("Taken and ignored:"));
	for (size_t i = 0; i < letters_n; i++)
		if (letters[i].take == NULL && letters[i].help == NULL)
			buf_printf(b, " -%c", letters[i].letter);
	buf_byte(b, '\n');
}
