/* SPDX-License-Identifier: ISC */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

int
err_set(struct err *e, enum err_kind kind, const char *format, ...)
{
	va_list ap;

	e->kind = kind;
	e->number = 0;
	va_start(ap, format);
	(void)vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, const char *format, ...)
{
	int saved = errno;
	va_list ap;
	char context[sizeof(e->text) / 2];

	va_start(ap, format);
	(void)vsnprintf(context, sizeof(context), format, ap);
	va_end(ap);
	(void)snprintf(
	    e->text, sizeof(e->text), "%s: %s", context, strerror(saved));
	e->kind = ERR_SYSTEM;
	e->number = saved;
	return -1;
}

int
err_while(struct err *e, const char *format, ...)
{
	va_list ap;
	char context[sizeof(e->text) / 2];
	size_t n, rest;

	va_start(ap, format);
	(void)vsnprintf(context, sizeof(context) - 2, format, ap);
	va_end(ap);
	n = strlen(context);
	memcpy(context + n, ": ", 3);
	n += 2;
	rest = strnlen(e->text, sizeof(e->text) - 1 - n);
	memmove(e->text + n, e->text, rest);
	memcpy(e->text, context, n);
	e->text[n + rest] = '\0';
	return -1;
}

static bool safe;

void
err_memory_safe(void)
{
	safe = true;
}

_Noreturn void
err_memory(void)
{
	static const char lost[] = "hantar: out of memory\n";
	static const char kept[] =
	    "hantar: out of memory; the message is left to the queue\n";
	ssize_t ignored = safe ? write(STDERR_FILENO, kept, sizeof(kept) - 1)
			       : write(STDERR_FILENO, lost, sizeof(lost) - 1);

	(void)ignored;
	_exit(safe ? EX_OK : EX_OSERR);
}
