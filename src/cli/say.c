/* SPDX-License-Identifier: ISC */
#include "cli/say.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/code.h"
#include "os/sys.h"

enum { SAY_MAX = 4000, SAY_PATIENCE_MS = 5000, SAY_PAGE_MS = 3600000 };

/*
 * In pieces that a pipe takes at once when it says that it is ready: who does
 * not read must not keep mail from going on its way.
 */
static bool
put(int fd, struct str text, int64_t deadline)
{
	while (text.n > 0) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		ssize_t took;
		int ready;

		do
			ready = sys_poll(&p, 1, deadline);
		while (ready < 0 && errno == EINTR);
		/* Where one cannot wait, one can still write. */
		if (ready == 0) {
			errno = ETIMEDOUT;
			return false;
		}
		took = sys_write(
		    fd, text.p, text.n < PIPE_BUF ? text.n : PIPE_BUF);
		if (took <= 0)
			return false;
		text = str_slice(text, (size_t)took, text.n);
	}
	return true;
}

bool
say_text(int fd, struct str text)
{
	return put(fd, text, clock_now() + SAY_PATIENCE_MS);
}

bool
say_page(int fd, struct str text)
{
	return put(fd, text, clock_now() + SAY_PAGE_MS);
}

void
say_line(struct buf *b, const char *name, struct str id, struct str text)
{
	code_inert(b, str_c(name), 100);
	buf_add(b, STR(": "));
	if (id.n > 0)
		buf_printf(b, "%.*s: ", STR_ARG(id));
	code_inert(b, text, SAY_MAX);
	buf_byte(b, '\n');
}

bool
say_error(const char *name, struct str id, struct str text)
{
	struct buf b;
	bool said;

	buf_init(&b, 3 * SAY_MAX);
	say_line(&b, name, id, text);
	said = say_text(STDERR_FILENO, buf_str(&b));
	buf_free(&b);
	return said;
}
