/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

int64_t
clock_now(void)
{
	struct timespec t = {0};

	/* Cannot fail: the clock exists and t is ours. */
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct timespec
clock_wall(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t;
}

int64_t
clock_ms(void)
{
	struct timespec now = clock_wall();

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
