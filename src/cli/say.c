/* SPDX-License-Identifier: ISC */
#include "cli/say.h"

#include <unistd.h>

#include "base/code.h"
#include "os/file.h"

enum { SAY_MAX = 4000 };

bool
say_text(int fd, struct str text)
{
	struct err ignored;

	return file_write(fd, text, &ignored) == 0;
}

void
say_error(const char *name, struct str id, struct str text)
{
	struct buf b;

	buf_init(&b, 3 * SAY_MAX);
	code_inert(&b, str_c(name), 100);
	buf_add(&b, STR(": "));
	if (id.n > 0)
		buf_printf(&b, "%.*s: ", STR_ARG(id));
	code_inert(&b, text, SAY_MAX);
	buf_byte(&b, '\n');
	/* Nobody is left to be told if this fails. */
	(void)say_text(STDERR_FILENO, buf_str(&b));
	buf_free(&b);
}
