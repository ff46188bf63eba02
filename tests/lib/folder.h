/* SPDX-License-Identifier: ISC */
/* A directory for the length of a test, or of a group of tests. */
#ifndef LIB_FOLDER_H
#define LIB_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

struct folder {
	char path[64];
	int fd;
};

void folder_make(struct folder *);

/* Removes it and what is in it. */
void folder_remove(struct folder *);

/* The names in it (but . and ..), sorted, with a space between. */
const char *folder_names(const struct folder *);

bool folder_has(const struct folder *, const char *name);

/* Writes a file of that name anew. */
void folder_put(const struct folder *, const char *name, const char *text);

/* Where what has that name is, or would be; until the next call but three. */
const char *folder_path(const struct folder *, const char *name);

/* Its text, with a '\0' behind it, until the next call. */
const char *folder_get(const struct folder *, const char *name);

/* One that tests share, and its setup and teardown for cmocka. */
extern struct folder folder;
int folder_open(void **state);
int folder_close(void **state);

#endif
