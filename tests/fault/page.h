/* SPDX-License-Identifier: ISC */
/*
 * What the engine and the shim in the program under test share: a page of
 * memory, so that a locked process can count its allocations without a call.
 */
#ifndef PAGE_H
#define PAGE_H

enum {
	PAGE_FD = 9, /* where the program inherits it */
	PAGE_SIZE_ = 4096,
	PROCESSES = 16, /* the first, and those that it starts, in order */
	MAIN_BEGINS = 0x68746e72, /* prctl of this: from here on it counts */
};

struct page {
	unsigned started; /* processes beside the first */
	unsigned allocations[PROCESSES];
	/* The order: allocation n (from 1) of a process fails, or all from it
	 * on.  n is 0 if none is to fail. */
	unsigned process, n, and_on;
	unsigned fired;
};

#endif
