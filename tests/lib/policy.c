/* SPDX-License-Identifier: ISC */
#include "policy.h"

#include <stdlib.h>

#include "child.h"
#include "folder.h"

const char POLICY_APPROVED[] =
    "openssl_conf = all\n[all]\nalg_section = algorithms\n"
    "[algorithms]\ndefault_properties = fips=yes\n";

struct host {
	struct folder etc;
	int (*f)(void);
};

static int
there(void *arg)
{
	const struct host *host = arg;

	CHILD_CHECK(setenv("OPENSSL_CONF",
			folder_path(&host->etc, "openssl.cnf"), 1) == 0);
	return host->f();
}

int
policy_run(const char *openssl_cnf, int (*f)(void))
{
	struct host host = {.f = f};
	int result;

	folder_make(&host.etc);
	folder_put(&host.etc, "openssl.cnf", openssl_cnf);
	result = child_run(there, &host);
	folder_remove(&host.etc);
	return result;
}
