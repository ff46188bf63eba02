/* SPDX-License-Identifier: ISC */
/* What an encrypted channel has to prove, beyond being one. */
#ifndef NET_DEMAND_H
#define NET_DEMAND_H

#include "base/str.h"

enum { DEMAND_PRINT = 32, DEMAND_PRINTS = 10 };

struct demand {
	bool strict; /* it is demanded: nothing older than TLS 1.2 will do */
	/* A certificate of an authority that is known, for the host's name. */
	bool verify;
	/* Or one with one of these SHA-256, of itself or of its public key. */
	unsigned char print[DEMAND_PRINTS][DEMAND_PRINT];
	size_t prints;
	/* All of it is only looked at: whatever is wrong, the channel stands.
	 */
	bool look;
	/* Authorities: a file, or a folder of files; empty: the system's. */
	struct str authorities;
	/* PEM files of what we show of ourselves; empty: nothing. */
	struct str certificate, key;
};

/*
 * Reads a SHA-256, as 64 digits to the base of 16, with or without colons
 * between the bytes; false if it is none.
 */
bool demand_print(struct str, unsigned char print[DEMAND_PRINT]);

#endif
