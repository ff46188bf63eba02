/* SPDX-License-Identifier: ISC */
#include "mail/phrase.h"

#include "base/char.h"
#include "base/key.h"

enum {
	WIDTH = 77,	    /* of the lines that are made here */
	ENCODED_WIDTH = 75, /* of those with encoded words (RFC 2047, 2) */
	WORD_MAX = 60,	    /* a longer word of a name is encoded: it folds */
	NAME_MAX_OCTETS = 1000,
	ADDRESS_MAX = 256 * 1024,
};

size_t
phrase_column(const struct buf *out)
{
	const char *newline = memrchr(out->p, '\n', out->n);

	return newline ? (size_t)(out->p + out->n - newline) - 1 : out->n;
}

void
phrase_word(struct buf *out, struct str word)
{
	if (phrase_column(out) + 1 + word.n > WIDTH)
		buf_add(out, STR("\r\n"));
	buf_byte(out, ' ');
	buf_add(out, word);
}

static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 127;
}

void
phrase_clean(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_control(s.p[i]))
			buf_byte(out, s.p[i]);
}

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The octets of the UTF-8 character at the start of s. */
static size_t
character(struct str s)
{
	size_t n = 1;

	while (n < s.n && is_continuation(s.p[n]))
		n++;
	return n;
}

static bool
is_plain_q(char c)
{
	return char_is_letter(c) || char_is_digit(c) || c == '-' || c == '!' ||
	    c == '*' || c == '+' || c == '/';
}

/* RFC 2047 "Q" words, cut between characters. */
static void
put_encoded(struct buf *out, struct str name)
{
	bool utf8 = key_is_utf8(name);
	struct str start = utf8 ? STR("=?utf-8?Q?") : STR("=?iso-8859-1?Q?");

	/* The longest character is four octets, and "?=" ends the word. */
	if (phrase_column(out) + start.n + 4 * 3 + 2 > ENCODED_WIDTH)
		buf_add(out, STR("\r\n "));
	buf_add(out, start);
	while (name.n > 0) {
		size_t n = utf8 ? character(name) : 1;

		if (phrase_column(out) + 3 * n + 2 > ENCODED_WIDTH) {
			buf_add(out, STR("?=\r\n "));
			buf_add(out, start);
		}
		for (size_t i = 0; i < n; i++) {
			char c = name.p[i];

			if (is_plain_q(c))
				buf_byte(out, c);
			else if (c == ' ')
				buf_byte(out, '_');
			else
				buf_printf(out, "=%02X", (unsigned char)c);
		}
		name = str_slice(name, n, name.n);
	}
	buf_add(out, STR("?="));
}

static void
put_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, s.p[i]);
	}
}

/* The words of name, within quotes or not, folded between them. */
static void
put_words(struct buf *out, struct str name, bool quote)
{
	const char *first = name.p;
	struct buf token;
	struct str word;

	buf_init(&token, 2 * NAME_MAX_OCTETS + 2);
	while (str_split(&name, ' ', &word)) {
		buf_clear(&token);
		if (quote && word.p == first)
			buf_byte(&token, '"');
		put_escaped(&token, word);
		if (quote && name.p == NULL)
			buf_byte(&token, '"');
		if (word.p == first)
			buf_add(out, buf_str(&token));
		else
			phrase_word(out, buf_str(&token));
	}
	buf_free(&token);
}

/* Without controls, and with single blanks between the words. */
static void
clean_name(struct buf *clean, struct str name)
{
	if (name.n > NAME_MAX_OCTETS) {
		size_t n = NAME_MAX_OCTETS;

		for (int i = 0; i < 3 && is_continuation(name.p[n]); i++)
			n--;
		name = str_slice(name, 0, n);
	}
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i] == '\t' ? ' ' : name.p[i];
		bool again = clean->n == 0 || clean->p[clean->n - 1] == ' ';

		if (!is_control(c) && !(c == ' ' && again))
			buf_byte(clean, c);
	}
	if (clean->n > 0 && clean->p[clean->n - 1] == ' ')
		buf_cut(clean, clean->n - 1);
}

void
phrase_put(struct buf *out, struct str name)
{
	bool encode = false;
	bool plain = true;
	size_t word = 0;
	struct buf clean;

	buf_init(&clean, NAME_MAX_OCTETS);
	clean_name(&clean, name);
	for (size_t i = 0; i < clean.n; i++) {
		char c = clean.p[i];

		/* What looks encoded must not be decoded by the reader. */
		encode = encode || char_is_high(c) ||
		    (c == '=' && clean.p[i + 1] == '?');
		plain = plain &&
		    (char_is_letter(c) || char_is_digit(c) || c == ' ' ||
			c == '-' || c == '_' || c == '\'');
		word = c == ' ' ? 0 : word + (c == '"' || c == '\\') + 1;
		encode = encode || word > WORD_MAX;
	}
	if (encode)
		put_encoded(out, buf_str(&clean));
	else if (clean.n > 0)
		put_words(out, buf_str(&clean), !plain);
	buf_free(&clean);
}

void
phrase_address(struct buf *out, const struct addr *a)
{
	struct buf path;

	buf_init(&path, ADDRESS_MAX);
	addr_print(&path, a);
	phrase_clean(out, buf_str(&path));
	buf_free(&path);
}

void
phrase_mailbox(struct buf *out, struct str name, const struct addr *a)
{
	size_t before = out->n + 1;
	struct buf mailbox;

	buf_init(&mailbox, ADDRESS_MAX);
	buf_byte(&mailbox, '<');
	phrase_address(&mailbox, a);
	buf_byte(&mailbox, '>');
	buf_byte(out, ' ');
	phrase_put(out, name);
	if (out->n == before)
		buf_cut(out, before - 1);
	phrase_word(out, buf_str(&mailbox));
	buf_free(&mailbox);
}
