/* SPDX-License-Identifier: ISC */
/* base/buf and base/pool: bytes that are owned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/pool.h"

/* What holds for every buffer, whatever was done to it. */
static void
assert_buf(const struct buf *b, const char *text, bool over)
{
	assert_int_equal(b->n, strlen(text));
	assert_string_equal(b->p, text);
	assert_true(str_eq(buf_str(b), str_c(text)));
	assert_int_equal(b->over, over);
	assert_true(b->n <= b->max);
	assert_true(b->size == 0 || b->size > b->n);
	assert_true(b->size <= b->max + 1);
}

static void
empty(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_buf(&b, "", false);
	assert_int_equal(b.size, 0);
	/* Nothing is allocated for nothing. */
	buf_add(&b, STR_NONE);
	buf_add(&b, STR(""));
	buf_grew(&b, 0);
	buf_shift(&b, 5);
	buf_cut(&b, 5);
	buf_clear(&b);
	assert_buf(&b, "", false);
	assert_int_equal(b.size, 0);
	buf_free(&b);
	buf_free(&b);
	assert_buf(&b, "", false);
	assert_int_equal(b.max, 10);
}

static void
limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_add(&b, STR("abc"));
	buf_byte(&b, 'd');
	assert_buf(&b, "abcd", false);
	/* What does not fit is not added in part. */
	buf_byte(&b, 'e');
	assert_buf(&b, "abcd", true);
	buf_cut(&b, 2);
	assert_buf(&b, "ab", true);
	buf_add(&b, STR("xyz"));
	assert_buf(&b, "ab", true);
	/* The flag stays up though this fits. */
	buf_add(&b, STR("xy"));
	assert_buf(&b, "abxy", true);
	buf_clear(&b);
	assert_buf(&b, "", false);
	buf_printf(&b, "%d", 1234);
	assert_buf(&b, "1234", false);
	buf_clear(&b);
	buf_printf(&b, "%d", 12345);
	assert_buf(&b, "", true);
	buf_free(&b);
	assert_buf(&b, "", false);

	buf_init(&b, 0);
	buf_printf(&b, "%s", "");
	assert_buf(&b, "", false);
	buf_byte(&b, 'x');
	assert_buf(&b, "", true);
	assert_null(buf_room(&b, 1));
	assert_non_null(buf_room(&b, 0));
	buf_free(&b);
}

static void
room(void **state)
{
	struct buf b;
	char *p;

	(void)state;
	buf_init(&b, 1000);
	p = buf_room(&b, 1000);
	assert_non_null(p);
	memset(p, 'x', 1000);
	buf_grew(&b, 1000);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.p[1000], '\0');
	assert_false(b.over);
	assert_null(buf_room(&b, 1));
	assert_true(b.over);
	assert_null(buf_room(&b, SIZE_MAX));
	assert_null(buf_room(&b, SIZE_MAX - 999));
	buf_clear(&b);
	/* Less may be used than was asked for. */
	p = buf_room(&b, 100);
	memcpy(p, "abc", 3);
	buf_grew(&b, 2);
	assert_buf(&b, "ab", false);
	buf_free(&b);
}

static void
shift_and_cut(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_add(&b, STR("abcdef"));
	buf_shift(&b, 0);
	assert_buf(&b, "abcdef", false);
	buf_shift(&b, 2);
	assert_buf(&b, "cdef", false);
	buf_cut(&b, 99);
	assert_buf(&b, "cdef", false);
	buf_cut(&b, 3);
	assert_buf(&b, "cde", false);
	buf_shift(&b, SIZE_MAX);
	assert_buf(&b, "", false);
	buf_add(&b, STR("ab\0cd"));
	assert_int_equal(b.n, 5);
	assert_memory_equal(b.p, "ab\0cd", 6);
	buf_cut(&b, 0);
	assert_buf(&b, "", false);
	buf_free(&b);
}

/* Byte by byte through every growth, with the content as it was. */
static void
growth(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5000);
	for (size_t i = 0; i < 5000; i++) {
		buf_byte(&b, (char)('a' + i % 26));
		assert_int_equal(b.p[b.n], '\0');
	}
	assert_false(b.over);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buf_printf(&b, "%s", "x");
	assert_true(b.over);
	assert_int_equal(b.n, 5000);
	buf_free(&b);
}

static void
pool_pieces(void **state)
{
	struct pool p = {0};
	char *piece[300];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		piece[i] = pool_take(&p, i);
		assert_int_equal(
		    (uintptr_t)piece[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(piece[i][k], 0);
		memset(piece[i], (int)i, i);
	}
	/* No piece has overwritten another. */
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal((unsigned char)piece[i][k], i % 256);
	pool_free(&p);
	assert_null(p.chunks);
	pool_free(&p);
	assert_non_null(pool_take(&p, 0));
	pool_free(&p);
}

/* Around the size of a chunk, and far beyond. */
static void
pool_chunks(void **state)
{
	struct pool p = {0};

	(void)state;
	for (size_t n = 3960; n < 4040; n++) {
		char *a = pool_take(&p, n);
		char *b = pool_take(&p, 1);

		memset(a, 1, n);
		assert_int_equal(*b, 0);
	}
	memset(pool_take(&p, 1 << 20), 1, 1 << 20);
	assert_int_equal(*(char *)pool_take(&p, 1), 0);
	pool_free(&p);
}

static void
pool_copies(void **state)
{
	struct pool p = {0};
	char text[] = "ab\0c";
	struct str s;

	(void)state;
	s = pool_str(&p, str_of(text, 4));
	text[0] = 'x';
	assert_int_equal(s.n, 4);
	assert_memory_equal(s.p, "ab\0c", 5);
	assert_string_equal(pool_c(&p, STR("abc")), "abc");
	assert_string_equal(pool_c(&p, STR_NONE), "");
	s = pool_str(&p, STR_NONE);
	assert_int_equal(s.n, 0);
	assert_non_null(s.p);
	assert_non_null(pool_array(&p, 0, 0));
	assert_non_null(pool_array(&p, 10, 0));
	assert_non_null(pool_array(&p, 10, 8));
	pool_free(&p);
}

/* The status with which a process ends that takes count pieces of size. */
static int
status_of_taking(size_t count, size_t size)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct pool p = {0};

		(void)close(STDERR_FILENO);
		(void)pool_array(&p, count, size);
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* No memory, and a size that overflows, end the process with 71. */
static void
no_memory(void **state)
{
	(void)state;
	assert_int_equal(status_of_taking(1, 1), 0);
	assert_int_equal(status_of_taking(SIZE_MAX, 1), EX_OSERR);
	assert_int_equal(status_of_taking(SIZE_MAX / 2, 4), EX_OSERR);
	assert_int_equal(status_of_taking(SIZE_MAX / 8 + 1, 8), EX_OSERR);
	assert_int_equal(status_of_taking(1, SIZE_MAX), EX_OSERR);
}

/* All of a block is there, and it begins in the middle of a page. */
static void
blocks(void **state)
{
	static const size_t sizes[] = {0, 1, 2047, 2048, 2049, 131072};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *block = buf_block(sizes[i]);

		assert_int_equal((uintptr_t)block % 4096, 2048);
		memset(block, 'x', sizes[i]);
		buf_block_free(block);
	}
	buf_block_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(empty),
	    cmocka_unit_test(limit),
	    cmocka_unit_test(room),
	    cmocka_unit_test(shift_and_cut),
	    cmocka_unit_test(growth),
	    cmocka_unit_test(blocks),
	    cmocka_unit_test(pool_pieces),
	    cmocka_unit_test(pool_chunks),
	    cmocka_unit_test(pool_copies),
	    cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
