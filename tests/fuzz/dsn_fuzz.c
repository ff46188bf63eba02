/* SPDX-License-Identifier: ISC */
/*
 * Reports: whatever the texts of others are, the result is ASCII on lines
 * that end in CRLF and have at most 998 octets, of which only ours look like
 * a delimiter, and the header has our fields and no other (G-22 to G-25).
 */
#include <assert.h>

#include "base/char.h"
#include "fuzz.h"
#include "mail/dsn.h"

static const char *const names[] = {"From", "To", "Subject", "Date",
    "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "MIME-Version",
    "Content-Type", "Content-Transfer-Encoding"};

static void
check_header_line(struct str line)
{
	struct str name = str_slice(line, 0, str_find(line, ':'));
	bool ours = line.p[0] == ' ';

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ours = ours || str_eq(name, str_c(names[i]));
	assert(ours);
}

static void
check(struct str text, size_t delimiters)
{
	bool header = true;
	struct str line;

	while (text.n > 0) {
		bool more = str_split(&text, '\n', &line);

		assert(more && text.p != NULL && line.n > 0);
		assert(line.p[line.n - 1] == '\r');
		line.n--;
		assert(line.n <= 998);
		for (size_t i = 0; i < line.n; i++)
			assert(line.p[i] == ' ' || char_is_graph(line.p[i]));
		header = header && line.n > 0;
		if (header)
			check_header_line(line);
		if (str_starts(line, STR("--"))) {
			assert(str_starts(line, STR("--=_ID.RANDOM")));
			assert(delimiters-- > 0);
		}
	}
	assert(delimiters == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct str rest = str_of((const char *)bytes, n);
	struct str text[8] = {{"", 0}};
	unsigned bits = n > 0 ? bytes[0] : 0;
	struct dsn_recipient r = {0};
	struct dsn d;
	struct buf b;

	for (size_t i = 0; i < 8 && str_split(&rest, '\0', &text[i]); i++)
		continue;
	r.path = text[1];
	r.orcpt = text[2];
	r.action = (enum dsn_action)(bits % DSN_ACTIONS);
	r.status.text = text[3];
	r.status.code = bits & 64 ? 550 : 0;
	r.relay = text[4];
	r.doubt = (bits & 128) != 0;
	d = (struct dsn){
	    .mta = STR("h.example"),
	    .mailname = STR("m.example"),
	    .id = STR("ID"),
	    .random = STR("RANDOM"),
	    .to = text[5],
	    .sender = bits & 32 ? text[5] : text[1],
	    .message_id = text[6],
	    .envid = text[7],
	    .arrival = 1,
	    .returned = (enum dsn_returned)(bits % 3),
	    .eightbit = (bits & 16) != 0,
	    .rcpt = &r,
	    .n = 1,
	};
	buf_init(&b, 1 << 20);
	dsn_head(&b, &d);
	dsn_tail(&b, &d);
	assert(!b.over);
	check(buf_str(&b), d.returned == DSN_NOTHING ? 3 : 4);
	buf_free(&b);
	return 0;
}
