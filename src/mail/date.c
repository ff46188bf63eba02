/* SPDX-License-Identifier: ISC */
#include "mail/date.h"

void
date_5322(struct buf *b, time_t t)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	bool zone = true;
	struct tm tm;
	long offset;

	if (localtime_r(&t, &tm) == NULL) {
		/* A year beyond int. */
		zone = false;
		tm = (struct tm){
		    .tm_mday = 1, .tm_year = 70, .tm_wday = 4 /* Thursday */};
	}
	offset = zone ? tm.tm_gmtoff / 60 : 0;
	buf_printf(b, "%.3s, %d %.3s %04ld %02d:%02d:%02d %c%02ld%02ld",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900L, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    offset < 0 || !zone ? '-' : '+',
	    (offset < 0 ? -offset : offset) / 60,
	    (offset < 0 ? -offset : offset) % 60);
}
