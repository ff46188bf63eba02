/* SPDX-License-Identifier: ISC */
/*
 * floor: the least program that hands a message over; nothing that does the
 * whole job can be faster, so hantar is measured by how near it comes.
 *
 *	floor [-w] ADDRESS FROM TO... <message
 *
 * Straight on: no DNS, no options, no memory of its own, nothing checked but
 * that each reply is the one that was hoped for.  It talks as hantar does: the
 * envelope in one flight, QUIT in the flight of the end of data, and the answer
 * to QUIT is not waited for.  The message has LF at the ends of its lines; with
 * -w it is in wire form already, and is passed on as it comes.
 *
 * floor_tls.c makes floor-tls of it, which does the same with STARTTLS and
 * verifies nothing.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef FLOOR_TLS
#include <openssl/ssl.h>

static SSL *ssl;
#endif

enum { BLOCK = 1 << 17 };

static int server;
static char in[BLOCK];
/* At worst each byte of a block is an LF or a dot; and then QUIT. */
static char out[2 * BLOCK + 64];

static void
say(const char *text, size_t n)
{
	while (n > 0) {
#ifdef FLOOR_TLS
		ssize_t w =
		    ssl ? SSL_write(ssl, text, (int)n) : write(server, text, n);
#else
		ssize_t w = write(server, text, n);
#endif
		if (w <= 0)
			err(75, "write");
		text += w;
		n -= (size_t)w;
	}
}

/* Waits for n replies that begin with this digit, or the last with 3. */
static void
hear(size_t n, char digit)
{
	static char text[BLOCK];
	size_t have = 0;

	while (n > 0) {
		char *line = text;
		char *end;
#ifdef FLOOR_TLS
		ssize_t r = ssl
		    ? SSL_read(ssl, text + have, (int)(sizeof(text) - have))
		    : read(server, text + have, sizeof(text) - have);
#else
		ssize_t r = read(server, text + have, sizeof(text) - have);
#endif
		if (r <= 0)
			err(75, "read");
		have += (size_t)r;
		while (n > 0 &&
		    (end = memchr(line, '\n', have - (size_t)(line - text)))) {
			if (line[0] != digit && !(n == 1 && line[0] == '3'))
				errx(69, "%.*s", (int)(end - line), line);
			if (line[3] != '-')
				n--;
			line = end + 1;
		}
		have -= (size_t)(line - text);
		memmove(text, line, have);
	}
}

static void
ehlo(void)
{
	static const char text[] = "EHLO laptop.home.test\r\n";

	say(text, sizeof(text) - 1);
	hear(1, '2');
}

static void
dial(const char *address)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(25)};
	int one = 1;

	if (inet_pton(AF_INET, address, &a.sin_addr) != 1)
		errx(64, "%s: not an IPv4 address", address);
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(server, (const struct sockaddr *)&a, sizeof(a)) != 0)
		err(75, "%s", address);
}

static void
encrypt(void)
{
#ifdef FLOOR_TLS
	static const char text[] = "STARTTLS\r\n";
	SSL_CTX *context;
	SSL *s;

	say(text, sizeof(text) - 1);
	hear(1, '2');
	context = SSL_CTX_new(TLS_client_method());
	s = SSL_new(context);
	if (!s || SSL_set_fd(s, server) != 1 || SSL_connect(s) != 1)
		errx(75, "no TLS");
	ssl = s;
	ehlo();
#endif
}

static void
add(size_t *w, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(out) - *w)
		errx(65, "too many recipients");
	memcpy(out + *w, text, n);
	*w += n;
}

static void
envelope(char **address, size_t n)
{
	size_t w = 0;

	add(&w, "MAIL FROM:<");
	add(&w, address[0]);
	for (size_t i = 1; i < n; i++) {
		add(&w, ">\r\nRCPT TO:<");
		add(&w, address[i]);
	}
	add(&w, ">\r\nDATA\r\n");
	say(out, w);
	hear(n + 1, '2');
}

/* Writes lines as they go over the wire; *start: the next one begins here. */
static size_t
stuff(const char *from, size_t n, bool *start)
{
	size_t w = 0;

	while (n > 0) {
		const char *end = memchr(from, '\n', n);
		size_t part = end ? (size_t)(end - from) : n;

		if (*start && *from == '.')
			out[w++] = '.';
		memcpy(out + w, from, part);
		w += part;
		*start = end != NULL;
		if (end) {
			out[w++] = '\r';
			out[w++] = '\n';
			part++;
		}
		from += part;
		n -= part;
	}
	return w;
}

static void
body(bool wire)
{
	static const char end[] = ".\r\nQUIT\r\n";
	bool start = true;
	size_t waiting = 0; /* in out: the last block goes with the end */
	ssize_t r;

	while ((r = read(STDIN_FILENO, in, sizeof(in))) > 0) {
		if (waiting > 0)
			say(out, waiting);
		if (wire) {
			memcpy(out, in, (size_t)r);
			waiting = (size_t)r;
		} else
			waiting = stuff(in, (size_t)r, &start);
	}
	if (r < 0)
		err(66, "standard input");
	memcpy(out + waiting, end, sizeof(end) - 1);
	say(out, waiting + sizeof(end) - 1);
	hear(1, '2');
}

int
main(int argc, char **argv)
{
	bool wire = argc > 1 && strcmp(argv[1], "-w") == 0;

	if (wire) {
		argc--;
		argv++;
	}
	if (argc < 4)
		errx(64, "usage: floor [-w] ADDRESS FROM TO... <message");
	dial(argv[1]);
	hear(1, '2');
	ehlo();
	encrypt();
	envelope(argv + 2, (size_t)argc - 2);
	body(wire);
	_exit(0);
}
