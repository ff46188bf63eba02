/* SPDX-License-Identifier: ISC */
#include "cli/say.h"

#include <unistd.h>

#include "base/code.h"
#include "os/file.h"

enum { SAY_MAX = 4000 };

void
say_error(const char *name, struct str id, struct str text)
{
	struct buf b;
	struct err ignored;

	buf_init(&b, 3 * SAY_MAX);
	code_inert(&b, str_c(name), 100);
	buf_add(&b, STR(": "));
	if (id.n > 0)
		buf_printf(&b, "%.*s: ", STR_ARG(id));
	code_inert(&b, text, SAY_MAX);
	buf_byte(&b, '\n');
	/* Nobody is left to be told that it failed. */
	if (file_write(STDERR_FILENO, buf_str(&b), &ignored) < 0)
		ignored.kind = ERR_NONE;
	buf_free(&b);
}

bool
say_out(struct str text)
{
	struct err ignored;

	return file_write(STDOUT_FILENO, text, &ignored) == 0;
}
