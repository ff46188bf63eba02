/* SPDX-License-Identifier: ISC */
#include "cli/help.h"

#include "cli/letters.h"

void
help_usage(struct buf *b, const char *name)
{
	buf_printf(b,
	    "usage: %s [option ...] [--] [recipient ...]; "
	    "%s --help lists the options\n",
	    name, name);
}

static void
help_line(
    struct buf *b, const char *option, const char *value, const char *help)
{
	size_t from = b->n;

	buf_printf(b, "  %s%s", option, value ? value : "");
	do
		buf_byte(b, ' ');
	while (b->n - from < 18);
	buf_printf(b, "%s\n", help);
}

void
help_print(struct buf *b, const char *name)
{
	char option[] = "-xx";

	help_usage(b, name);
	for (size_t i = 0; i < letters_n; i++) {
		option[1] = letters[i].letter;
		option[2] = '\0';
		if (letters[i].help)
			help_line(b, option, letters[i].value, letters[i].help);
	}
	for (size_t i = 0; i < letters_modes_n; i++) {
		option[1] = 'b';
		option[2] = letters_modes[i].word[0];
		if (letters_modes[i].help)
			help_line(b, option, NULL, letters_modes[i].help);
	}
	for (size_t i = 0; i < letters_keys_n; i++) {
		option[1] = 'o';
		option[2] = letters_keys[i].letter;
		help_line(b, option, letters_keys[i].value ? NULL : "mode",
		    letters_keys[i].help);
	}
	for (size_t i = 0; i < letters_words_n; i++)
		help_line(
		    b, "--", letters_words[i].word, letters_words[i].help);
	buf_add(b, STR("Taken and ignored:"));
	for (size_t i = 0; i < letters_n; i++)
		if (letters[i].take == NULL && letters[i].help == NULL)
			buf_printf(b, " -%c", letters[i].letter);
	buf_byte(b, '\n');
}
