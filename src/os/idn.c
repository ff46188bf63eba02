/* SPDX-License-Identifier: ISC */
#include "os/idn.h"

#include <dlfcn.h>
#include <idn2.h>
#include <stdlib.h>

#include "base/char.h"

typedef int (*to_ascii_fn)(const char *, char **, int);
typedef void (*free_fn)(void *);

/*
 * The library is loaded for the first domain that needs it: it would cost
 * every start half a million instructions otherwise.
 */
static int
convert(struct buf *out, struct str domain, struct err *e)
{
	void *lib = dlopen("libidn2.so.0", RTLD_NOW);
	to_ascii_fn to_ascii;
	free_fn release;
	char text[1024];
	char *ascii = NULL;
	int status;

	if (lib == NULL)
		return err_set(e, ERR_SYSTEM,
		    "libidn2 is missing, and \"%.*s\" is not ASCII",
		    STR_ARG(domain));
	/* POSIX: the pointer that dlsym returns may be a function's. */
	*(void **)&to_ascii = dlsym(lib, "idn2_to_ascii_8z");
	*(void **)&release = dlsym(lib, "idn2_free");
	if (to_ascii == NULL || release == NULL)
		return err_set(e, ERR_SYSTEM, "libidn2 is too old");
	if (domain.n >= sizeof(text) || memchr(domain.p, '\0', domain.n))
		return err_set(e, ERR_SYNTAX, "no domain name");
	memcpy(text, domain.p, domain.n);
	text[domain.n] = '\0';
	status = to_ascii(text, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (status != IDN2_OK)
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" is no valid internationalised domain",
		    STR_ARG(domain));
	buf_add(out, str_c(ascii));
	release(ascii);
	return 0;
}

/* Letters, digits, hyphen; the underscore is out of standard but in use. */
static int
check(struct str name, struct err *e)
{
	struct str rest = name;
	struct str label;

	if (name.n == 0 || name.n > 253)
		return err_set(e, ERR_SYNTAX, "domain of %zu bytes", name.n);
	while (str_split(&rest, '.', &label)) {
		if (label.n == 0 || label.n > 63)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" has a label of %zu bytes", STR_ARG(name),
			    label.n);
		for (size_t i = 0; i < label.n; i++) {
			char c = label.p[i];

			if (!char_is_letter(c) && !char_is_digit(c) &&
			    c != '-' && c != '_')
				return err_set(e, ERR_SYNTAX,
				    "a domain name cannot hold byte 0x%02x",
				    (unsigned char)c);
		}
	}
	return 0;
}

int
idn_ascii(struct buf *out, struct str domain, struct err *e)
{
	size_t from = out->n;

	if (domain.n > 1 && domain.p[domain.n - 1] == '.')
		domain = str_slice(domain, 0, domain.n - 1);
	if (str_is_ascii(domain))
		buf_add(out, domain);
	else if (convert(out, domain, e) < 0)
		return -1;
	if (out->over)
		return err_set(e, ERR_LIMIT, "domain too long");
	for (size_t i = from; i < out->n; i++)
		out->p[i] = char_lower(out->p[i]);
	return check(str_of(out->p + from, out->n - from), e);
}
