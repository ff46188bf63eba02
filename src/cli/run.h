/* SPDX-License-Identifier: ISC */
/* What can be asked for, each as a function that returns the exit status. */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"

int run_send(const struct options *);
int run_check(const struct options *);
int run_verify(const struct options *);
int run_tls_test(const struct options *);
int run_print_config(const struct options *);
int run_help(const struct options *);
int run_version(const struct options *);
int run_aliases(const struct options *);
int run_queue(const struct options *);
int run_queue_due(const struct options *);
int run_spool(const struct options *);
int run_mailq(const struct options *);
int run_unsupported(const struct options *);

/* The command line could not be read, for reason *e; returns status. */
int run_wrong(const struct options *, int status, const struct err *e);

#endif
