/* SPDX-License-Identifier: ISC */
/* The file that ftp(1) made common: who one is on which host. */
#ifndef AGENT_NETRC_H
#define AGENT_NETRC_H

#include "base/str.h"

/*
 * The password in the text of a netrc of the user on the host: a view of the
 * text, empty if there is none.  Words may stand in double quotes; "default"
 * is every host; what is no netrc is passed over.
 */
struct str netrc_password(struct str text, struct str host, struct str user);

#endif
