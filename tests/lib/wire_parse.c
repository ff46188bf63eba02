/* SPDX-License-Identifier: ISC */
#include "wire_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum dns_result
wire_parse(const struct wire *w, const char *name, enum dns_type type,
    struct pool *pool, struct dns_answer *a)
{
	char *copy = malloc(w->n + !w->n); /* its end is the memory's end */

	assert_non_null(copy);
	memcpy(copy, w->p, w->n);
	pool_free(pool);
	*a = (struct dns_answer){.secure = true};
	dns_parse(str_of(copy, w->n), str_c(name), type, pool, a);
	free(copy);
	assert_true(a->n <= DNS_RECORDS && a->aliases <= DNS_CHAIN);
	return a->result;
}
