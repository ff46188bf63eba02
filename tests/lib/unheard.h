/* SPDX-License-Identifier: ISC */
/* Hooks of a session (smtp/hooks.h) for a test that has no use for them. */
#ifndef LIB_UNHEARD_H
#define LIB_UNHEARD_H

#include "smtp/hooks.h"

void unheard_near(void *ctx, size_t letter, bool dsn);
void unheard_log(void *ctx, enum log_level, struct str line);

#endif
