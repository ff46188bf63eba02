/* SPDX-License-Identifier: ISC */
/* Network addresses of hosts. */
#ifndef NET_HOST_H
#define NET_HOST_H

#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"

struct ip {
	int family; /* AF_INET or AF_INET6 */
	unsigned char bytes[16];
};

/* Reads "192.0.2.1" or "2001:db8::1"; false if it is neither. */
bool ip_parse(struct str, struct ip *);

/* Appends the address as ip_parse reads it. */
void ip_print(struct buf *, const struct ip *);

/* The bytes of an address of family; n must be 4 or 16. */
bool ip_from_bytes(struct ip *, const unsigned char *p, size_t n);

bool ip_same(const struct ip *, const struct ip *);

/* 127/8, ::1, 0/8, :: and their IPv4-mapped forms: this host itself. */
bool ip_is_loopback(const struct ip *);

/* From which addresses to connect; family 0: none of that family. */
struct ip_source {
	struct ip v4, v6;
};

/* Reads one address, or one of each family, separated by commas or blanks. */
int ip_source(struct ip_source *, struct str, struct err *)
    __attribute__((warn_unused_result));

/* That of a family; NULL: it has none. */
const struct ip *ip_source_of(const struct ip_source *, int family);

/* Can a connection come from that address?  -1 with *e, which names it. */
int ip_bind(int fd, const struct ip *, struct err *)
    __attribute__((warn_unused_result));

/* The socket address of ip and port; returns its length. */
socklen_t ip_socket(
    const struct ip *, unsigned port, struct sockaddr_storage *);
/* And back; false if it is of another family. */
bool ip_from_socket(const struct sockaddr *, struct ip *, unsigned *port);

/*
 * Reads "ip", "ip:port" or "[ip]:port"; *port is untouched where none is
 * given.  False if it is not of the form.
 */
bool ip_parse_port(struct str, struct ip *, unsigned *port);

/*
 * Asks the system for the addresses of a host, of family (AF_UNSPEC: of both),
 * at most max of them, in the order in which they are to be tried.  It may
 * take long.  Returns how many; 0 with *e (ERR_TIMEOUT if that may change).
 */
size_t host_look_up(
    struct str name, int family, struct ip *, size_t max, struct err *);

/* Is it an address of this host (C-17)? */
bool ip_is_ours(const struct ip *);

/* Has this host an address of that family that is not link-local or
 * loopback (C-22)? */
bool ip_have(int family);

#endif
