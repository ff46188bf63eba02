/* SPDX-License-Identifier: ISC */
/*
 * The one clock.  Deadlines and delays are milliseconds of a clock that
 * never jumps; only dates that people read come from the wall clock.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since an arbitrary start; never goes back. */
int64_t clock_now(void);

/* 2020-01-01: a clock that says less has stopped, or has not been set (E-59).
 */
#define CLOCK_EARLIEST INT64_C(1577836800)

/* The date. */
struct timespec clock_wall(void);

/* The same in milliseconds since 1970. */
int64_t clock_ms(void);

#endif
