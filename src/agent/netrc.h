/* SPDX-License-Identifier: ISC */
/* The file that ftp(1) made common: who one is on which host. */
#ifndef AGENT_NETRC_H
#define AGENT_NETRC_H

#include "base/str.h"

/*
 * Finds who one is on the host in the text of a netrc: the first that has a
 * password, and that is *user, unless that is empty.  False if there is none;
 * else both are views of the text.  Words may stand in double quotes; "default"
 * is every host; what is no netrc is passed over.
 */
bool netrc_find(
    struct str text, struct str host, struct str *user, struct str *password);

#endif
