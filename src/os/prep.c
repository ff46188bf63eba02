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

/*
 * RFC 4013, 2.3, but for what is mapped or has another form by then: controls,
 * what is of private use, no character, or no plain text, what changes how
 * the rest is shown, and tags.  C.4 has besides the last two of each plane.
 */
static const struct {
	uint32_t from, to;
} forbidden[] = {
    {0x0000, 0x001f},	 /* C.2.1 */
    {0x007f, 0x009f},	 /* C.2.1, C.2.2 */
    {0x06dd, 0x06dd},	 /* C.2.2 */
    {0x070f, 0x070f},	 /* C.2.2 */
    {0x180e, 0x180e},	 /* C.2.2 */
    {0x200e, 0x200f},	 /* C.8 */
    {0x2028, 0x202e},	 /* C.2.2, C.8 */
    {0x2061, 0x2063},	 /* C.2.2 */
    {0x206a, 0x206f},	 /* C.2.2, C.8 */
    {0x2ff0, 0x2ffb},	 /* C.7 */
    {0xe000, 0xf8ff},	 /* C.3 */
    {0xfdd0, 0xfdef},	 /* C.4 */
    {0xfff9, 0xfffd},	 /* C.2.2, C.6 */
    {0x1d173, 0x1d17a},	 /* C.2.2 */
    {0xe0001, 0xe0001},	 /* C.9 */
    {0xe0020, 0xe007f},	 /* C.9 */
    {0xf0000, 0x10ffff}, /* C.3 */
};

static bool
is_forbidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (c >= forbidden[i].from && c <= forbidden[i].to)
			return true;
	return (c & 0xfffe) == 0xfffe;
}

typedef uint8_t *(*normalize_fn)(
    const void *form, const uint8_t *, size_t, uint8_t *result, size_t *n);
typedef int (*direction_fn)(uint32_t);

/* What libunistring has. */
struct unicode {
	normalize_fn normalize;
	const void *nfkc;
	direction_fn direction;
};

/* Its numbers for what is written from the left, and from the right. */
enum { LEFT = 0, RIGHT = 3, RIGHT_ARABIC = 4 };

/* False if there is no library that could. */
static bool
load(struct unicode *u)
{
	/* libidn2 stands on libunistring, whose names it lets be found. */
	void *lib = dlopen("libidn2.so.0", RTLD_NOW);

	if (lib == NULL)
		return false;
	/* POSIX: the pointer that dlsym returns may be a function's. */
	*(void **)&u->normalize = dlsym(lib, "u8_normalize");
	*(void **)&u->direction = dlsym(lib, "uc_bidi_class");
	u->nfkc = dlsym(lib, "uninorm_nfkc");
	return u->normalize && u->direction && u->nfkc;
}

/* RFC 4013, 2.3 and 2.4: nothing forbidden; and who writes from the right does
 * so from the first character to the last. */
static bool
is_fit(const struct unicode *u, struct str s)
{
	bool begins = false;
	bool ends = false;
	bool left = false;
	bool right = false;
	bool first = true;

	for (size_t n; s.n > 0; s = str_slice(s, n, s.n), first = false) {
		uint32_t c = character(s, &n);
		int direction = u->direction(c);

		if (is_forbidden(c))
			return false;
		ends = direction == RIGHT || direction == RIGHT_ARABIC;
		begins = first ? ends : begins;
		right = right || ends;
		left = left || direction == LEFT;
	}
	return !right || (begins && ends && !left);
}

static bool
prepare(struct buf *out, struct str s)
{
	struct unicode u;
	uint8_t *result = NULL;
	size_t n = 0;
	bool fit;

	if (load(&u))
		result =
		    u.normalize(u.nfkc, (const uint8_t *)s.p, s.n, NULL, &n);
	if (result == NULL)
		return false;
	fit = is_fit(&u, str_of((const char *)result, n));
	if (fit)
		buf_add(out, str_of((const char *)result, n));
	explicit_bzero(result, n);
	free(result);
	return fit;
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
	if (!prepare(out, buf_str(&plain)))
		buf_add(out, s);
	buf_wipe(&plain);
}
