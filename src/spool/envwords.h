/* SPDX-License-Identifier: ISC */
/* The words of spool/envfile.h that its writer and its reader share. */
#ifndef SPOOL_ENVWORDS_H
#define SPOOL_ENVWORDS_H

#include "mail/dsn_about.h"

/* "hantar-spool 1 00000321 0002\n" */
#define ENV_TITLE "hantar-spool "
enum { ENV_FIRST = 29 };

/* The blocks, and what is between a mark and its recipient's digit. */
#define ENV_MARKS "marks "
#define ENV_DOUBT "doubt "
#define ENV_END "end\n"
enum { ENV_BLOCK = 6, ENV_GAP = 1 + ENV_BLOCK };

static const struct {
	unsigned bit;
	const char *word;
} env_notify[] = {
    {DSN_ON_SUCCESS, "success"},
    {DSN_ON_FAILURE, "failure"},
    {DSN_ON_DELAY, "delay"},
    {DSN_NEVER, "never"},
};
enum { ENV_NOTIFIES = sizeof(env_notify) / sizeof(env_notify[0]) };

#endif
