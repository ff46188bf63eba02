/* SPDX-License-Identifier: ISC */
#include "net/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <net/if.h>
#include <netinet/in.h>

#include "os/sys.h"

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
static const unsigned char zeros[16];

bool
ip_from_bytes(struct ip *ip, const unsigned char *p, size_t n)
{
	if (n != 4 && n != 16)
		return false;
	*ip = (struct ip){.family = n == 4 ? AF_INET : AF_INET6};
	memcpy(ip->bytes, p, n);
	return true;
}

bool
ip_parse(struct str s, struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];
	struct ip read = {.family = AF_INET};

	if (s.n == 0 || s.n >= sizeof(text) || memchr(s.p, '\0', s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (str_find(s, ':') < s.n)
		read.family = AF_INET6;
	if (inet_pton(read.family, text, read.bytes) != 1)
		return false;
	*ip = read;
	return true;
}

void
ip_print(struct buf *b, const struct ip *ip)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(ip->family, ip->bytes, text, sizeof(text)))
		buf_add(b, str_c(text));
}

bool
ip_same(const struct ip *a, const struct ip *b)
{
	return a->family == b->family &&
	    memcmp(a->bytes, b->bytes, a->family == AF_INET ? 4 : 16) == 0;
}

/* An IPv4-mapped address as the IPv4 address that it stands for. */
static struct ip
unmapped(const struct ip *ip)
{
	struct ip v4 = *ip;

	if (ip->family == AF_INET6 &&
	    memcmp(ip->bytes, mapped, sizeof(mapped)) == 0)
		(void)ip_from_bytes(&v4, ip->bytes + sizeof(mapped), 4);
	return v4;
}

bool
ip_is_loopback(const struct ip *ip)
{
	struct ip a = unmapped(ip);

	if (a.family == AF_INET)
		return a.bytes[0] == 127 || a.bytes[0] == 0;
	return memcmp(a.bytes, zeros, 15) == 0 && a.bytes[15] <= 1;
}

socklen_t
ip_socket(const struct ip *ip, unsigned port, struct sockaddr_storage *to)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	memset(to, 0, sizeof(*to));
	if (ip->family == AF_INET) {
		v4.sin_port = htons((uint16_t)port);
		memcpy(&v4.sin_addr, ip->bytes, 4);
		memcpy(to, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.sin6_port = htons((uint16_t)port);
	memcpy(&v6.sin6_addr, ip->bytes, 16);
	memcpy(to, &v6, sizeof(v6));
	return sizeof(v6);
}

bool
ip_from_socket(const struct sockaddr *from, struct ip *ip, unsigned *port)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*ip = (struct ip){.family = from->sa_family};
	if (from->sa_family == AF_INET) {
		memcpy(&v4, from, sizeof(v4));
		memcpy(ip->bytes, &v4.sin_addr, 4);
		*port = ntohs(v4.sin_port);
		return true;
	}
	if (from->sa_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		memcpy(ip->bytes, &v6.sin6_addr, 16);
		*port = ntohs(v6.sin6_port);
		return true;
	}
	return false;
}

/* Reads ":port", or nothing. */
static bool
read_port(struct str s, unsigned *port)
{
	uint64_t n;

	if (s.n == 0)
		return true;
	if (s.p[0] != ':' || !str_number(str_slice(s, 1, s.n), 65535, &n) ||
	    n == 0)
		return false;
	*port = (unsigned)n;
	return true;
}

bool
ip_parse_port(struct str s, struct ip *ip, unsigned *port)
{
	size_t end;

	if (ip_parse(s, ip))
		return true;
	if (str_starts(s, STR("["))) {
		end = str_find(s, ']');
		return end < s.n && ip_parse(str_slice(s, 1, end), ip) &&
		    read_port(str_slice(s, end + 1, s.n), port);
	}
	end = str_find(s, ':');
	return ip_parse(str_slice(s, 0, end), ip) &&
	    read_port(str_slice(s, end, s.n), port);
}

int
ip_source(struct ip_source *source, struct str text, struct err *e)
{
	struct str one;

	*source = (struct ip_source){0};
	while (str_word(&text, ", ", &one)) {
		struct ip ip;
		struct ip *of = &source->v4;

		if (!ip_parse(one, &ip))
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is no IP address", STR_ARG(one));
		ip = unmapped(&ip);
		if (ip.family == AF_INET6)
			of = &source->v6;
		if (of->family != 0)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is a second address of its family",
			    STR_ARG(one));
		*of = ip;
	}
	return 0;
}

const struct ip *
ip_source_of(const struct ip_source *source, int family)
{
	const struct ip *ip = family == AF_INET ? &source->v4 : &source->v6;

	return ip->family == family ? ip : NULL;
}

int
ip_bind(int fd, const struct ip *ip, struct err *e)
{
	struct sockaddr_storage from;
	socklen_t n = ip_socket(ip, 0, &from);
	struct buf text;
	int error;

	if (sys_bind(fd, (const struct sockaddr *)&from, n) == 0)
		return 0;
	error = errno;
	buf_init(&text, INET6_ADDRSTRLEN);
	ip_print(&text, ip);
	err_set(e, ERR_HERE, "source-address %s: %s%s", text.p, strerror(error),
	    error == EADDRNOTAVAIL ? ": it is no address of this host" : "");
	e->number = error;
	buf_free(&text);
	return -1;
}

size_t
host_look_up(
    struct str name, int family, struct ip *ip, size_t max, struct err *e)
{
	struct addrinfo hints = {
	    .ai_family = family, .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	char text[256];
	size_t n = 0;
	unsigned port;
	int result = EAI_NONAME;

	if (name.n < sizeof(text)) {
		memcpy(text, name.p, name.n);
		text[name.n] = '\0';
		result = getaddrinfo(text, NULL, &hints, &list);
	}
	if (result == EAI_SYSTEM)
		err_set(e, ERR_SYSTEM, "%s", strerror(errno));
	else if (result != 0)
		err_set(e, result == EAI_AGAIN ? ERR_TIMEOUT : ERR_SYSTEM, "%s",
		    gai_strerror(result));
	else
		err_set(e, ERR_SYSTEM, "it has none of this family");
	for (struct addrinfo *i = list; i && n < max; i = i->ai_next)
		n += ip_from_socket(i->ai_addr, &ip[n], &port);
	if (list)
		freeaddrinfo(list);
	return n;
}

bool
ip_is_ours(const struct ip *ip)
{
	struct ip a = unmapped(ip);
	struct sockaddr_storage address;
	socklen_t n = ip_socket(&a, 1, &address);
	int fd = sys_socket(a.family, SOCK_DGRAM);
	struct ip from;
	unsigned port;
	bool ours;

	/* To itself a host talks from the address that it talks to.  Nothing
	 * is sent by that. */
	ours = fd >= 0 &&
	    sys_connect(fd, (const struct sockaddr *)&address, n) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &n) == 0 &&
	    ip_from_socket((const struct sockaddr *)&address, &from, &port) &&
	    ip_same(&from, &a);
	sys_close(fd);
	return ours;
}

static bool
is_link_local(const struct ip *ip)
{
	if (ip->family == AF_INET)
		return ip->bytes[0] == 169 && ip->bytes[1] == 254;
	return ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

bool
ip_have(int family)
{
	struct ifaddrs *list;
	bool found = false;

	/* Where they cannot be listed, this host has none. */
	if (getifaddrs(&list) < 0)
		return false;
	for (struct ifaddrs *i = list; i && !found; i = i->ifa_next) {
		struct ip own;
		unsigned port;

		found = i->ifa_addr && (i->ifa_flags & IFF_UP) &&
		    ip_from_socket(i->ifa_addr, &own, &port) &&
		    own.family == family && !ip_is_loopback(&own) &&
		    !is_link_local(&own);
	}
	freeifaddrs(list);
	return found;
}
