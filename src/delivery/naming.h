/* SPDX-License-Identifier: ISC */
/* The address of a relay: its question, as the dispatcher sees it. */
#ifndef DELIVERY_NAMING_H
#define DELIVERY_NAMING_H

#include "delivery/hop.h"

/* The hop wants to know (HOP_ASK_NAME): asks. */
void naming_ask(struct hop *, struct run *);

/* Reads what is said of it, if the hop still waits for it (HOP_NAME). */
void naming_read(struct hop *, struct run *);

/* The time may be over. */
void naming_expire(struct hop *, struct run *, int64_t now);

#endif
