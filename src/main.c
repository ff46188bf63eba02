/* SPDX-License-Identifier: ISC */
/* One program, several names: the name chooses what is done. */
#include "cli/run.h"
#include "os/proc.h"

static const struct {
	const char *name;
	enum mode mode;
} personalities[] = {
    {"hantar", MODE_SEND}, /* and every other name that is not here */
    {"sendmail", MODE_SEND},
    {"send-mail", MODE_SEND},
    {"mailq", MODE_LIST},
    {"newaliases", MODE_ALIASES},
    {"smtpd", MODE_UNSUPPORTED},
    {"hoststat", MODE_UNSUPPORTED},
    {"purgestat", MODE_UNSUPPORTED},
};

static int (*const runs[MODES])(const struct options *) = {
    [MODE_SEND] = run_send,
    [MODE_HELP] = run_help,
    [MODE_VERSION] = run_version,
    [MODE_CHECK] = run_check,
    [MODE_VERIFY] = run_verify,
    [MODE_TLS_TEST] = run_tls_test,
    [MODE_PRINT_CONFIG] = run_print_config,
    [MODE_ALIASES] = run_aliases,
    [MODE_QUEUE] = run_queue,
    [MODE_DUE] = run_queue_due,
    [MODE_LIST] = run_mailq,
    [MODE_COUNT] = run_mailq,
    [MODE_STATUS] = run_mailq,
    [MODE_HOLD] = run_mailq,
    [MODE_RELEASE] = run_mailq,
    [MODE_REQUEUE] = run_mailq,
    [MODE_DELETE] = run_mailq,
    [MODE_UNSUPPORTED] = run_unsupported,
};

/* The last part of the path by which we were called. */
static const char *
called(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (slash)
		path = slash + 1;
	return path && path[0] != '\0' ? path : personalities[0].name;
}

static enum mode
mode_of(const char *name)
{
	for (size_t i = 0; i < sizeof(personalities) / sizeof(*personalities);
	     i++)
		if (str_eq(str_c(name), str_c(personalities[i].name)))
			return personalities[i].mode;
	return MODE_SEND;
}

int
main(int argc, char **argv)
{
	struct pool pool = {0};
	struct options o;
	struct err e;
	const char *name = called(argc > 0 ? argv[0] : NULL);
	int status;

	proc_sane();
	status = options_parse(&o, name, mode_of(name), argc, argv, &pool, &e);
	status = status ? run_wrong(&o, status, &e) : runs[o.mode](&o);
	pool_free(&pool);
	return status;
}
