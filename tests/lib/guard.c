/* SPDX-License-Identifier: ISC */
#include "guard.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 64 * 1024 };

struct str
guard_str(struct str s)
{
	static char *areas[2];
	static unsigned turn;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char **area = &areas[turn++ % 2];
	char *copy;

	if (*area == NULL) {
		void *p = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			abort();
		*area = p;
		if (mprotect(*area + ROOM, page, PROT_NONE) < 0)
			abort();
	}
	if (s.n > ROOM)
		abort();
	copy = *area + ROOM - s.n;
	if (s.n > 0)
		memcpy(copy, s.p, s.n);
	return str_of(copy, s.n);
}
