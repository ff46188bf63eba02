/* SPDX-License-Identifier: ISC */
/* The same with STARTTLS; a program apart, since the other shall not even load
 * what TLS needs. */
#define FLOOR_TLS
#include "floor.c"
