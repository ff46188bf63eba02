/* SPDX-License-Identifier: ISC */
/* The part of matrix.h that is about handshakes. */
#ifndef TALK_MATRIX_TLS_H
#define TALK_MATRIX_TLS_H

#include "base/buf.h"

/* b is scratch. */
void matrix_tls(struct buf *b, void (*play)(struct str text));

#endif
