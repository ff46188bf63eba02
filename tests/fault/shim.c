/* SPDX-License-Identifier: ISC */
/*
 * Loaded into the program under test: says where main begins, numbers the
 * processes in the order in which they are started, and lets an allocation
 * fail.  Nothing here makes a system call once main runs, so that a locked
 * process does not notice.  For glibc.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "page.h"

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void),
    void (*)(void), void (*)(void), void *);
typedef pid_t fork_function(void);

static struct page *page;
static unsigned self; /* number of this process */
static main_function *real_main;

/* A pointer to a function, which ISO C does not let one cast. */
static void
find(void *function, const char *name)
{
	void *p = dlsym(RTLD_NEXT, name);

	memcpy(function, &p, sizeof(p));
}

static int
our_main(int argc, char **argv, char **environment)
{
	void *p = mmap(
	    NULL, PAGE_SIZE_, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE_FD, 0);

	(void)close(PAGE_FD);
	(void)unsetenv("LD_PRELOAD");
	(void)prctl(MAIN_BEGINS, 0, 0, 0, 0);
	if (p != MAP_FAILED)
		page = p;
	return real_main(argc, argv, environment);
}

int __libc_start_main(main_function *, int, char **, void (*)(void),
    void (*)(void), void (*)(void), void *);

int
__libc_start_main(main_function *run, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*loader_fini)(void), void *stack_end)
{
	start_function *start;

	find(&start, "__libc_start_main");
	real_main = run;
	return start(our_main, argc, argv, init, fini, loader_fini, stack_end);
}

pid_t
fork(void)
{
	static fork_function *real;
	unsigned number = page ? ++page->started : 0;
	pid_t pid;

	if (!real)
		find(&real, "fork");
	pid = real();
	if (pid == 0)
		self = number;
	return pid;
}

#ifndef HANTAR_SANITIZED

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static int
fails(void)
{
	unsigned n;

	if (!page || self >= PROCESSES)
		return 0;
	n = ++page->allocations[self];
	if (page->n == 0 || page->process != self ||
	    (page->and_on ? n < page->n : n != page->n))
		return 0;
	page->fired = 1;
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

void *
reallocarray(void *p, size_t n, size_t size)
{
	if (size > 0 && n > (size_t)-1 / size)
		return NULL;
	return realloc(p, n * size);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	*p = fails() ? NULL : __libc_memalign(align, n);
	return *p ? 0 : ENOMEM;
}

void *
aligned_alloc(size_t align, size_t n)
{
	return fails() ? NULL : __libc_memalign(align, n);
}

#endif
