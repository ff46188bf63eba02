/* SPDX-License-Identifier: ISC */
/* A line of a report: what is taken is of the form and prints as itself. */
#include <assert.h>

#include "agent/report.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str line = str_of((const char *)p, n);
	struct record r;
	struct buf back;
	struct err e;

	if (report_parse(line, &r, &e) < 0)
		return 0;
	assert(r.kind < RECORD_KINDS && n < REPORT_LINE);
	buf_init(&back, REPORT_LINE);
	report_format(&back, &r);
	/* But for an enhanced code with leading zeros, and long texts. */
	if (r.text.n + r.status.text.n < REPORT_TEXT - 8) {
		struct record again;

		buf_cut(&back, back.n - 1);
		assert(report_parse(buf_str(&back), &again, &e) == 0);
		assert(back.n <= n);
		assert(str_eq(again.text, r.text));
		assert(str_eq(again.status.text, r.status.text));
		assert(str_eq(again.name, r.name) && again.id == r.id);
	}
	buf_free(&back);
	return 0;
}
