/* SPDX-License-Identifier: ISC */
/* Runs a fuzz target over the files named as arguments. */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

enum { FILE_MAX = 1 << 20 };

static int
run(const char *path)
{
	uint8_t *bytes = malloc(FILE_MAX);
	FILE *f = fopen(path, "rb");
	size_t n;

	if (bytes == NULL || f == NULL) {
		perror(path);
		return -1;
	}
	n = fread(bytes, 1, FILE_MAX, f);
	(void)fclose(f);
	/* A copy of the very size, so that an over-read is seen. */
	uint8_t *exact = malloc(n ? n : 1);

	if (exact == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		exact[i] = bytes[i];
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	free(bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (run(argv[i]) < 0)
			return 1;
	return argc > 1 ? 0 : 1;
}
