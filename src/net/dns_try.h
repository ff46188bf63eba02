/* SPDX-License-Identifier: ISC */
/*
 * The tries of one question, for net/dns.c alone: whom to ask next, the query
 * sent, the answer heard, over UDP and TCP.
 */
#ifndef NET_DNS_TRY_H
#define NET_DNS_TRY_H

#include "net/dns.h"

/* OVER: the question's answer has its result; its socket may still be open. */
enum dns_turn { TURN_WAIT, TURN_OVER };

/* Asks the next server that is of use. */
enum dns_turn dns_try(struct dns *, struct dns_question *);

/* Does what there is to do: the socket is ready, or the time has come. */
enum dns_turn dns_turn(struct dns *, struct dns_question *, bool ready);

/* Does it wait to write? */
bool dns_is_sending(const struct dns_question *);

/* Closes the socket and forgets what came.  Idempotent. */
void dns_hang_up(struct dns_question *);

#endif
