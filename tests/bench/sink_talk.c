/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum {
	/* Of a body that is still coming only this much is looked at: what
	 * comes behind the last line of a message is shorter. */
	TAIL = 4096,
};

void
talk_say(struct client *c, const char *text)
{
	size_t n = strlen(text);

	if (c->out + n > sizeof(c->reply))
		errx(1, "too many replies at once");
	memcpy(c->reply + c->out, text, n);
	c->out += n;
}

static void
write_all(struct client *c)
{
	size_t done = 0;

	while (done < c->out) {
		struct pollfd p = {.fd = c->w.fd, .events = POLLOUT};
		const char *from = c->reply + done;
		size_t n = c->out - done;
		ssize_t got;

		if (c->ssl)
			got = SSL_write(c->ssl, from, (int)n);
		else
			got = send(c->w.fd, from, n, MSG_NOSIGNAL);
		if (got > 0)
			done += (size_t)got;
		else if (c->ssl || errno != EAGAIN)
			break; /* gone; reading will tell */
		else
			(void)poll(&p, 1, -1);
	}
	c->out = 0;
}

/* Sees each message of a handshake.  Those that go out after one that came in
 * are a turn, but for tickets, for which nobody waits. */
static void
see_handshake(int outward, int version, int type, const void *message, size_t n,
    SSL *ssl, void *client)
{
	struct client *c = client;
	const unsigned char *m = message;

	(void)version;
	(void)ssl;
	if (type != SSL3_RT_HANDSHAKE || n == 0)
		return;
	if (!outward) {
		c->shaking = false;
	} else if (!c->shaking && m[0] != SSL3_MT_NEWSESSION_TICKET) {
		c->shaking = true;
		count.turns++;
	}
}

void
talk_send(struct client *c)
{
	count.turns++;
	write_all(c);
	if (c->state != STARTING)
		return;
	c->ssl = SSL_new(sink_tls);
	if (!c->ssl || SSL_set_fd(c->ssl, c->w.fd) != 1)
		errx(1, "no TLS");
	SSL_set_msg_callback(c->ssl, see_handshake);
	SSL_set_msg_callback_arg(c->ssl, c);
	c->have = 0; /* what came before is not to be believed */
	c->state = HANDSHAKE;
}

static void
ehlo(struct client *c)
{
	talk_say(c, "250-sink.test\r\n250-PIPELINING\r\n250-SIZE\r\n");
	if (sink_tls && !c->ssl)
		talk_say(c, "250-STARTTLS\r\n");
	if (sink_logins && c->ssl)
		talk_say(c, "250-AUTH PLAIN LOGIN\r\n");
	talk_say(c, "250 8BITMIME\r\n");
}

static bool
is(const char *line, const char *verb)
{
	return strncasecmp(line, verb, strlen(verb)) == 0;
}

/* One line of a login has come: asks for the next, or is content. */
static void
login(struct client *c)
{
	if (c->asked > 0) {
		talk_say(c, "334 UGFzc3dvcmQ6\r\n");
		return;
	}
	count.logins++;
	talk_say(c, "235 welcome\r\n");
}

static void
command(struct client *c, const char *line)
{
	if (c->asked > 0) {
		c->asked--;
		login(c);
	} else if (is(line, "AUTH PLAIN ")) {
		login(c);
	} else if (is(line, "AUTH PLAIN") || is(line, "AUTH LOGIN")) {
		c->asked = is(line, "AUTH LOGIN") ? 2 : 1;
		login(c);
	} else if (is(line, "EHLO")) {
		ehlo(c);
	} else if (is(line, "RCPT")) {
		c->recipients++;
		talk_say(c, "250 recipient ok\r\n");
	} else if (is(line, "MAIL")) {
		c->recipients = 0;
		talk_say(c, "250 sender ok\r\n");
	} else if (is(line, "DATA")) {
		c->state = BODY;
		talk_say(c, "354 go ahead\r\n");
	} else if (is(line, "STARTTLS") && sink_tls && !c->ssl) {
		c->state = STARTING;
		talk_say(c, "220 go ahead\r\n");
	} else if (is(line, "QUIT")) {
		c->ended = true;
		talk_say(c, "221 bye\r\n");
	} else if (is(line, "HELO") || is(line, "RSET") || is(line, "NOOP")) {
		talk_say(c, "250 ok\r\n");
	} else {
		talk_say(c, "500 what?\r\n");
	}
}

/* Looks for the end of the body in what there is of it; true if it is there.
 * The body has the end of the DATA line before it. */
static bool
end_of_body(struct client *c, size_t *used)
{
	static const char end[] = "\r\n.\r\n";
	size_t n = sizeof(end) - 1;
	size_t skip = c->have - *used > TAIL ? c->have - TAIL : *used;
	const char *found = memmem(c->in + skip, c->have - skip, end, n);

	if (!found) {
		count.bytes += skip - *used;
		*used = skip;
		return false;
	}
	n += (size_t)(found - (c->in + *used));
	count.bytes += n - 5;
	*used += n;
	count.transactions++;
	count.recipients += c->recipients;
	c->state = COMMAND;
	talk_say(c, "250 taken\r\n");
	return true;
}

static void
look(struct client *c)
{
	size_t used = 0;

	while (used < c->have && !c->ended && c->state != STARTING) {
		char *line = c->in + used;
		char *end;

		if (c->state == BODY) {
			if (!end_of_body(c, &used))
				break;
			continue;
		}
		end = memchr(line, '\n', c->have - used);
		if (!end)
			break;
		command(c, line);
		used += (size_t)(end + 1 - line);
		if (c->state == BODY && end > line && end[-1] == '\r')
			used -= 2;
	}
	memmove(c->in, c->in + used, c->have - used);
	c->have -= used;
}

/* The bulk of a body is thrown away by the kernel, uncopied. */
static ssize_t
receive(struct client *c, char *to, size_t room)
{
	int waiting = 0;

	if (c->state == BODY && ioctl(c->w.fd, FIONREAD, &waiting) == 0 &&
	    waiting > 2 * TAIL) {
		size_t n = (size_t)waiting - TAIL;
		ssize_t got = recv(c->w.fd, NULL, n, MSG_TRUNC);

		if (got > 0) {
			count.bytes += (size_t)got + c->have;
			c->have = 0;
			to = c->in;
			room = sizeof(c->in);
		}
	}
	return recv(c->w.fd, to, room, 0);
}

/* Reads what there is; false at the end of the connection. */
static bool
fill(struct client *c)
{
	for (;;) {
		char *to = c->in + c->have;
		size_t room = sizeof(c->in) - c->have;
		ssize_t got;

		if (room == 0) {
			look(c);
			if (c->have == sizeof(c->in))
				return false;
			continue;
		}
		ERR_clear_error();
		if (c->ssl)
			got = SSL_read(c->ssl, to, (int)room);
		else
			got = receive(c, to, room);
		if (got > 0) {
			c->have += (size_t)got;
			continue;
		}
		if (c->ssl)
			return SSL_get_error(c->ssl, (int)got) ==
			    SSL_ERROR_WANT_READ;
		return got < 0 && errno == EAGAIN;
	}
}

static bool
shake_hands(struct client *c)
{
	int r;

	ERR_clear_error();
	r = SSL_accept(c->ssl);
	if (r == 1) {
		count.tls++;
		c->state = COMMAND;
		return true;
	}
	return SSL_get_error(c->ssl, r) == SSL_ERROR_WANT_READ;
}

bool
talk_hear(struct client *c)
{
	bool open = true;

	if (c->state == HANDSHAKE)
		open = shake_hands(c);
	if (open && c->state != HANDSHAKE) {
		open = fill(c);
		look(c);
	}
	return open;
}
