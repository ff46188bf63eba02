/* SPDX-License-Identifier: ISC */
/* What HUP, INT and TERM do; who ignored them goes on ignoring them. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/*
 * From now on a signal ends the process with 71: nothing was accepted, and
 * the message's file has no name.
 */
void interrupt_reading(void);

/*
 * From now on with 75: without a spool the message is still the caller's,
 * and agents that are not past their gate end with us.
 */
void interrupt_sending(void);

/* From now on a signal does nothing: all that is left is to tell. */
void interrupt_never(void);

#endif
