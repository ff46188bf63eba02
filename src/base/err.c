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

_Noreturn void
err_memory(void)
{
	static const char text[] = "hantar: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)ignored;
	_exit(EX_OSERR);
}
