/* SPDX-License-Identifier: ISC */
#include "peer_inside.h"
#include "words.h"

static const struct {
	const char *verb;
	const char *reply;
} replies[] = {
    {"EHLO", "250-mx\r\n250-PIPELINING\r\n250-SIZE\r\n250 8BITMIME\r\n"},
    {"HELO", "250 mx\r\n"},
    {"MAIL", NULL},
    {"RCPT", NULL},
    {"DATA", "354 go\r\n"},
    {"RSET", NULL},
    {"NOOP", NULL},
    {"QUIT", "221 bye\r\n"},
};

/* "250 ok", as long as the script wants it (pad=N). */
static void
say_yes(struct peer *p)
{
	struct str options = p->at->text;
	struct str word;
	uint64_t pad = 0;
	struct buf b;

	while ((word = words_next(&options)).n > 0)
		if (str_starts(word, STR("pad=")))
			(void)str_number(
			    str_slice(word, 4, word.n), 100000, &pad);
	buf_init(&b, 128 * 1024);
	buf_add(&b, STR("250 ok "));
	for (uint64_t i = 0; i < pad; i++)
		buf_byte(&b, '.');
	buf_add(&b, STR("\r\n"));
	peer_say(p, buf_str(&b));
	buf_free(&b);
}

static bool
serve_data(struct peer *p)
{
	if (!peer_message(p, p->wire.n))
		return false;
	p->in_data = false;
	p->received = 0;
	if (!p->lost)
		peer_say(p, STR("250 2.0.0 taken\r\n"));
	return true;
}

bool
peer_serve(struct peer *p)
{
	struct str line;

	if (p->said++ == 0) {
		peer_say(p, STR("220 mx\r\n"));
		return true;
	}
	if (p->in_data)
		return serve_data(p);
	if (!peer_line(p, &line)) {
		if (p->eof)
			peer_fail(p, "the client closed without QUIT", STR(""));
		return p->lost;
	}
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (!str_istarts(line, str_c(replies[i].verb)))
			continue;
		p->in_data = str_istarts(line, STR("DATA"));
		p->parting = str_istarts(line, STR("QUIT"));
		buf_shift(&p->in, line.n + 1);
		if (replies[i].reply)
			peer_say(p, str_c(replies[i].reply));
		else
			say_yes(p);
		if (p->parting)
			peer_advance(p);
		return true;
	}
	peer_fail(p, "this is no command", line);
	return true;
}
