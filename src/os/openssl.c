/* SPDX-License-Identifier: ISC */
#include "os/openssl.h"

#include <assert.h>
#include <dlfcn.h>
#include <stddef.h>

/* libssl brings libcrypto, whose functions are found through it. */
#define QUOTE(x) #x
#define SONAME(version) "libssl.so." QUOTE(version)
static const char library[] = SONAME(OPENSSL_SHLIB_VERSION);

#define NAME(name) #name,
static const char *const names[] = {OPENSSL_CALLS(NAME)};

enum { CALLS = sizeof(names) / sizeof(names[0]) };

struct openssl openssl;

static_assert(sizeof(struct openssl) == CALLS * sizeof(void *),
    "the members of struct openssl are the calls, in their order");

int
openssl_load(struct err *e)
{
	static bool loaded;
	void *lib;

	if (loaded)
		return 0;
	lib = dlopen(library, RTLD_NOW);
	if (lib == NULL)
		return err_set(e, ERR_SYSTEM, "OpenSSL: %s", dlerror());
	for (size_t i = 0; i < CALLS; i++) {
		/* POSIX: the pointer that dlsym returns may be a function's. */
		void *call = dlsym(lib, names[i]);

		if (call == NULL)
			return err_set(e, ERR_SYSTEM, "OpenSSL: %s has no %s",
			    library, names[i]);
		memcpy(
		    (char *)&openssl + i * sizeof(call), &call, sizeof(call));
	}
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		return err_set(e, ERR_SYSTEM, "OpenSSL: it does not start");
	loaded = true;
	return 0;
}
