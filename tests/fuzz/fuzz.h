/* SPDX-License-Identifier: ISC */
/*
 * A fuzz target is a file NAME_fuzz.c with one function over bytes.  It ends
 * by abort (assert) where an invariant does not hold.  Linked with libFuzzer
 * it searches; linked with replay.c it runs the files it is given.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#endif
