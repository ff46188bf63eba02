/* SPDX-License-Identifier: ISC */
#include "os/prep.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "base/key.h"

/* Characters, from..to, that become a space or nothing: C.1.2, then B.1. */
static const struct {
	uint32_t from, to;
	bool space;
} mapped[] = {
    {0x00a0, 0x00a0, true},
    {0x1680, 0x1680, true},
    {0x2000, 0x200b, true},
    {0x202f, 0x202f, true},
    {0x205f, 0x205f, true},
    {0x3000, 0x3000, true},
    {0x00ad, 0x00ad, false},
    {0x034f, 0x034f, false},
    {0x1806, 0x1806, false},
    {0x180b, 0x180d, false},
    {0x200c, 0x200d, false},
    {0x2060, 0x2060, false},
    {0xfe00, 0xfe0f, false},
    {0xfeff, 0xfeff, false},
};

/* The character at the start of well-formed UTF-8, and its bytes. */
static uint32_t
character(struct str s, size_t *n)
{
	unsigned char first = (unsigned char)s.p[0];
	uint32_t c = first;

	*n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (*n > 1)
		c = first & (0x7fU >> *n);
	for (size_t i = 1; i < *n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

static void
map(struct buf *out, struct str s)
{
	while (s.n > 0) {
		size_t n;
		uint32_t c = character(s, &n);
		size_t i = 0;

		while (i < sizeof(mapped) / sizeof(mapped[0]) &&
		    (c < mapped[i].from || c > mapped[i].to))
			i++;
		if (i == sizeof(mapped) / sizeof(mapped[0]))
			buf_add(out, str_slice(s, 0, n));
		else if (mapped[i].space)
			buf_byte(out, ' ');
		s = str_slice(s, n, s.n);
	}
}

typedef uint8_t *(*normalize_fn)(
    const void *form, const uint8_t *, size_t, uint8_t *result, size_t *n);

/* False if there is no library that could. */
static bool
normalize(struct buf *out, struct str s)
{
	/* libidn2 stands on libunistring, whose names it lets be found. */
	void *lib = dlopen("libidn2.so.0", RTLD_NOW);
	normalize_fn call = NULL;
	const void *nfkc = NULL;
	uint8_t *result;
	size_t n = 0;

	if (lib) {
		/* POSIX: the pointer that dlsym returns may be a function's. */
		*(void **)&call = dlsym(lib, "u8_normalize");
		nfkc = dlsym(lib, "uninorm_nfkc");
	}
	if (call == NULL || nfkc == NULL)
		return false;
	result = call(nfkc, (const uint8_t *)s.p, s.n, NULL, &n);
	if (result == NULL)
		return false;
	buf_add(out, str_of((const char *)result, n));
	explicit_bzero(result, n);
	free(result);
	return true;
}

void
prep_sasl(struct buf *out, struct str s)
{
	struct buf plain;

	if (str_is_ascii(s) || !key_is_utf8(s)) {
		buf_add(out, s);
		return;
	}
	buf_init(&plain, s.n);
	(void)buf_room(&plain, s.n);
	map(&plain, s);
	if (!normalize(out, buf_str(&plain)))
		buf_add(out, s);
	buf_wipe(&plain);
}
