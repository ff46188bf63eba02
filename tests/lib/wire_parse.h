/* SPDX-License-Identifier: ISC */
/* A DNS message of a test's making (oracle.h), read by net/dns_packet.h. */
#ifndef LIB_WIRE_PARSE_H
#define LIB_WIRE_PARSE_H

#include "net/dns_packet.h"
#include "oracle.h"

/*
 * dns_parse: the answer to a question for name.  The message ends where its
 * memory ends, for tools that see who reads on; the pool is emptied before, and
 * the answer is no larger than one may be.
 */
enum dns_result wire_parse(const struct wire *, const char *name, enum dns_type,
    struct pool *, struct dns_answer *);

#endif
