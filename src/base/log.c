/* SPDX-License-Identifier: ISC */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/code.h"

enum { LINE_MAX_BYTES = 2000 };

static struct {
	log_sink sink;
	void *ctx;
} out;

void
log_to(log_sink sink, void *ctx)
{
	out.sink = sink;
	out.ctx = ctx;
}

void
log_event(enum log_level level, const char *part, const char *format, ...)
{
	char text[LINE_MAX_BYTES];
	struct buf line;
	va_list ap;

	if (out.sink == NULL)
		return;
	va_start(ap, format);
	if (vsnprintf(text, sizeof(text), format, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	buf_init(&line, LINE_MAX_BYTES);
	code_inert(&line, str_c(text), LINE_MAX_BYTES);
	out.sink(out.ctx, level, part, buf_str(&line));
	buf_free(&line);
}
