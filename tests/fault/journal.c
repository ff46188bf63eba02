/* SPDX-License-Identifier: ISC */
#include "journal.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What the arguments of a call are. */
enum kind { DATA, DATA_AT, PLAIN, LENGTH, NAME, NAMES, MAKES };

static const struct {
	const char *name;
	enum kind kind;
} noted[] = {
    {"write", DATA},
    {"sendto", DATA},
    {"recvfrom", DATA},
    {"pwrite64", DATA_AT},
    {"fsync", PLAIN},
    {"fdatasync", PLAIN},
    {"ftruncate", LENGTH},
    {"unlinkat", NAME},
    {"renameat", NAMES},
    {"openat", MAKES},
    {"mkdirat", MAKES},
};

enum { NOTED = sizeof(noted) / sizeof(noted[0]) };

static size_t
row_of(const char *name)
{
	size_t i = 0;

	while (i < NOTED && strcmp(noted[i].name, name) != 0)
		i++;
	return i;
}

/* n octets at that address of the process; false if it is gone. */
static bool
look(pid_t pid, unsigned long long at, void *to, size_t n)
{
	struct iovec here = {to, n};
	struct iovec there = {(void *)at, n};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == (ssize_t)n;
}

static void
put_data(FILE *f, pid_t pid, unsigned long long at, size_t n)
{
	unsigned char *data = malloc(n + 1);

	if (data == NULL)
		err(1, "malloc");
	(void)fprintf(f, ", \"data\": \"");
	if (look(pid, at, data, n))
		for (size_t i = 0; i < n; i++)
			(void)fprintf(f, "%02x", data[i]);
	(void)fputc('"', f);
	free(data);
}

/* Where the file position stands; 0 if there is none. */
static unsigned long long
position(pid_t pid, int fd)
{
	unsigned long long at = 0;
	char path[64];
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)pid, fd);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "pos: %llu", &at) != 1)
		at = 0;
	(void)fclose(f);
	return at;
}

/* What a descriptor leads to: the words for it. */
static void
put_place(FILE *f, pid_t pid, int fd, const char *inode, const char *path)
{
	char link[64];
	char target[PATH_MAX];
	struct stat st = {0};
	ssize_t n;

	if (fd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", (int)pid);
	else
		(void)snprintf(
		    link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
	n = readlink(link, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	(void)stat(link, &st);
	(void)fprintf(f, ", \"%s\": %llu, \"%s\": \"%s\"", inode,
	    (unsigned long long)st.st_ino, path, target);
}

/* A name, which is read up to the end of its page at a time. */
static void
read_name(pid_t pid, unsigned long long at, char name[PATH_MAX])
{
	size_t n = 0;

	while (n < PATH_MAX - 1 && look(pid, at + n, name + n, 1) && name[n])
		n++;
	name[n] = '\0';
}

static void
put_name(FILE *f, pid_t pid, unsigned long long at, const char *word)
{
	char name[PATH_MAX];

	read_name(pid, at, name);
	(void)fprintf(f, ", \"%s\": \"%s\"", word, name);
}

/* The inode of a folder that has just been made. */
static void
put_folder(FILE *f, pid_t pid, int dir, unsigned long long at)
{
	char name[PATH_MAX];
	char path[PATH_MAX + 64];
	struct stat st = {0};

	read_name(pid, at, name);
	(void)snprintf(
	    path, sizeof(path), "/proc/%d/fd/%d/%s", (int)pid, dir, name);
	(void)stat(path, &st);
	(void)fprintf(f, ", \"made\": %llu", (unsigned long long)st.st_ino);
}

bool
journal_before(const struct journal *j, struct journal_call *c,
    const char *name, pid_t pid)
{
	size_t row = row_of(name);

	*c = (struct journal_call){0};
	if (row == NOTED || ptrace(PTRACE_GETREGS, pid, 0, &c->regs) < 0)
		return false;
	if (strcmp(name, "openat") == 0 && !(c->regs.rdx & O_CREAT))
		return false;
	c->name = noted[row].name;
	c->begun = j->n;
	return true;
}

static void
put_arguments(FILE *f, const struct journal_call *c, enum kind kind, pid_t pid,
    long long result)
{
	const struct user_regs_struct *r = &c->regs;
	int fd = (int)r->rdi;
	size_t n = (size_t)result;
	unsigned long long end;

	put_place(f, pid, fd, "inode", "path");
	switch (kind) {
	case DATA:
		end = position(pid, fd);
		(void)fprintf(f, ", \"at\": %llu", end < n ? 0 : end - n);
		put_data(f, pid, r->rsi, n);
		break;
	case DATA_AT:
		(void)fprintf(f, ", \"at\": %llu", r->r10);
		put_data(f, pid, r->rsi, n);
		break;
	case LENGTH:
		(void)fprintf(f, ", \"at\": %llu", r->rsi);
		break;
	case NAMES:
		put_place(f, pid, (int)r->rdx, "other-inode", "other-path");
		put_name(f, pid, r->r10, "other-name");
		put_name(f, pid, r->rsi, "name");
		break;
	case MAKES:
		put_name(f, pid, r->rsi, "name");
		if (strcmp(c->name, "mkdirat") == 0)
			put_folder(f, pid, fd, r->rsi);
		else
			put_place(f, pid, (int)result, "made", "made-path");
		break;
	case NAME:
		put_name(f, pid, r->rsi, "name");
		break;
	case PLAIN:
		break;
	}
}

void
journal_after(
    struct journal *j, struct journal_call *c, unsigned process, pid_t pid)
{
	size_t row = row_of(c->name);
	struct user_regs_struct now;
	long long result;

	if (ptrace(PTRACE_GETREGS, pid, 0, &now) == 0 &&
	    (result = (long long)now.rax) >= 0) {
		(void)fprintf(j->file,
		    "{\"process\": %u, \"call\": \"%s\", \"begun\": %lu, "
		    "\"result\": %lld",
		    process, c->name, c->begun, result);
		put_arguments(j->file, c, noted[row].kind, pid, result);
		(void)fprintf(j->file, "}\n");
		j->n++;
	}
	c->name = NULL;
}

void
journal_exit(struct journal *j, unsigned process, int status)
{
	(void)fprintf(j->file,
	    "{\"process\": %u, \"call\": \"exit\", \"begun\": %lu, "
	    "\"result\": %d}\n",
	    process, j->n, status);
	j->n++;
}
