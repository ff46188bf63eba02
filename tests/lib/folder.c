/* SPDX-License-Identifier: ISC */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder folder;

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "folder: %s: %s\n", what, strerror(errno));
	abort();
}

void
folder_make(struct folder *f)
{
	const char *top = getenv("TMPDIR");

	must(snprintf(f->path, sizeof(f->path), "%s/hantar-test-XXXXXX",
		 top && strlen(top) < 32 ? top : "/tmp") > 0,
	    "name");
	must(mkdtemp(f->path) != NULL, "mkdtemp");
	f->fd = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(f->fd >= 0, "open");
}

static void
remove_all(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fdopendir(copy);
	struct dirent *entry;

	must(d != NULL, "fdopendir");
	while ((entry = readdir(d)) != NULL) {
		int sub;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(dir, entry->d_name, 0) == 0)
			continue;
		sub = openat(
		    dir, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		must(sub >= 0, entry->d_name);
		remove_all(sub);
		(void)close(sub);
		must(unlinkat(dir, entry->d_name, AT_REMOVEDIR) == 0,
		    entry->d_name);
	}
	(void)closedir(d);
}

void
folder_remove(struct folder *f)
{
	remove_all(f->fd);
	(void)close(f->fd);
	must(rmdir(f->path) == 0, "rmdir");
}

const char *
folder_names(const struct folder *f)
{
	static char names[4096];
	struct dirent **list;
	int n = scandirat(f->fd, ".", &list, NULL, alphasort);
	size_t at = 0;

	must(n >= 0, "scandir");
	names[0] = '\0';
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			size_t left = sizeof(names) - at;
			int put = snprintf(
			    names + at, left, "%s%s", at > 0 ? " " : "", name);

			must(put > 0 && (size_t)put < left, "names");
			at += (size_t)put;
		}
		free(list[i]);
	}
	free(list);
	return names;
}

bool
folder_has(const struct folder *f, const char *name)
{
	struct stat st;

	return fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void
folder_put(const struct folder *f, const char *name, const char *text)
{
	int fd =
	    openat(f->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd >= 0, name);
	must(write(fd, text, strlen(text)) == (ssize_t)strlen(text), name);
	(void)close(fd);
}

const char *
folder_path(const struct folder *f, const char *name)
{
	static char path[4][200];
	static unsigned turn;
	char *p = path[turn++ % 4];
	int n = snprintf(p, sizeof(path[0]), "%s/%s", f->path, name);

	must(n > 0 && (size_t)n < sizeof(path[0]), name);
	return p;
}

const char *
folder_get(const struct folder *f, const char *name)
{
	static char text[1 << 16];
	int fd = openat(f->fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	must(fd >= 0, name);
	n = read(fd, text, sizeof(text) - 1);
	must(n >= 0, name);
	text[n] = '\0';
	(void)close(fd);
	return text;
}

int
folder_open(void **state)
{
	(void)state;
	folder_make(&folder);
	return 0;
}

int
folder_close(void **state)
{
	(void)state;
	folder_remove(&folder);
	return 0;
}
