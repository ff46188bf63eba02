/* SPDX-License-Identifier: ISC */
/*
 * Servers that mean no good, as a product: at each state of the conversation
 * each way to misbehave there, with another host behind and without.  What is
 * to come of it follows from the script's table (smtp/script.h), by rules that
 * are written down here once more, not taken from the session.
 */
#ifndef TALK_MATRIX_H
#define TALK_MATRIX_H

#include "base/str.h"

/* Calls back with each case as the text of a talk file. */
void matrix_each(void (*play)(struct str text));

#endif
