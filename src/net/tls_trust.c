/* SPDX-License-Identifier: ISC */
#include "net/tls_trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/char.h"
#include "base/pool.h"
#include "os/file.h"

enum { STORE_MAX = 16 << 20, PATH = 4096 };

struct authority {
	const unsigned char *der;
	size_t n;
	const unsigned char *subject;
	size_t subject_n;
	const struct authority *next;
};

struct trust {
	struct str path;
	const struct authority *list;
	time_t written;
	struct pool pool;
};

static struct trust last; /* what was read last */

/* Where systems have them, as files and as folders; the first that is there. */
static const char *const usual[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian, Arch, Gentoo */
    "/etc/pki/tls/certs/ca-bundle.crt",	  /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",		  /* SUSE */
    "/etc/ssl/cert.pem",		  /* Alpine, the BSDs, macOS */
    "/etc/ssl/certs",
};

/* ---- the little of DER that it takes to find a name */

/*
 * Takes the element at the front of *rest: *content is its value; *whole, if
 * wanted, all of it.  The tag, or -1.
 */
static int
take_element(struct str *rest, struct str *content, struct str *whole)
{
	const unsigned char *p = (const unsigned char *)rest->p;
	size_t head = 2;
	size_t n;

	if (rest->n < 2)
		return -1;
	n = p[1];
	if (n >= 0x80) {
		size_t bytes = n & 0x7f;

		if (bytes == 0 || bytes > 3 || rest->n < 2 + bytes)
			return -1;
		for (n = 0; head < 2 + bytes; head++)
			n = n << 8 | p[head];
	}
	if (n > rest->n - head)
		return -1;
	*content = str_slice(*rest, head, head + n);
	if (whole)
		*whole = str_slice(*rest, 0, head + n);
	*rest = str_slice(*rest, head + n, rest->n);
	return p[0];
}

/* The subject of a certificate (RFC 5280, 4.1), as its bytes. */
static bool
find_subject(struct str der, struct str *subject)
{
	enum { SEQUENCE = 0x30, VERSION = 0xa0, BEFORE_SUBJECT = 4 };
	struct str part, tbs, rest;
	bool found = take_element(&der, &part, NULL) == SEQUENCE &&
	    take_element(&part, &tbs, NULL) == SEQUENCE;

	if (found && tbs.n > 0 && (unsigned char)tbs.p[0] == VERSION)
		found = take_element(&tbs, &rest, NULL) == VERSION;
	/* Its number, its algorithm, who issued it, how long it is valid. */
	for (int i = 0; i < BEFORE_SUBJECT && found; i++)
		found = take_element(&tbs, &rest, NULL) > 0;
	return found && take_element(&tbs, &rest, subject) == SEQUENCE;
}

/* ---- reading */

/* The text without its line ends, and the blanks around them: OpenSSL decodes
 * one long line in a third of the time. */
static void
join_lines(struct buf *joined, struct str text)
{
	struct str line;

	buf_clear(joined);
	while (str_split(&text, '\n', &line))
		buf_add(joined, str_trim(line));
}

/* A certificate in base64. */
static void
add(struct trust *t, struct str text)
{
	unsigned char *der = pool_take(&t->pool, text.n / 4 * 3 + 3);
	struct authority *a;
	struct str subject;
	int n =
	    EVP_DecodeBlock(der, (const unsigned char *)text.p, (int)text.n);

	/* What is missing in the last three bytes it makes up. */
	for (size_t i = text.n; n > 0 && i > 0 && text.p[i - 1] == '='; i--)
		n--;
	if (n <= 0 ||
	    !find_subject(str_of((const char *)der, (size_t)n), &subject))
		return;
	a = pool_take(&t->pool, sizeof(*a));
	*a = (struct authority){der, (size_t)n,
	    (const unsigned char *)subject.p, subject.n, t->list};
	t->list = a;
}

/* Adds the certificates of a PEM text; what is between them is comment. */
static void
add_all(struct trust *t, struct str text)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	const char *p = text.p;
	const char *stop;
	struct buf joined;

	buf_init(&joined, text.n);
	while ((p = memmem(p, (size_t)(text.p + text.n - p), begin,
		    sizeof(begin) - 1)) != NULL) {
		p += sizeof(begin) - 1;
		stop = memmem(
		    p, (size_t)(text.p + text.n - p), end, sizeof(end) - 1);
		if (stop == NULL)
			break;
		join_lines(&joined, str_of(p, (size_t)(stop - p)));
		add(t, buf_str(&joined));
		p = stop;
	}
	buf_free(&joined);
}

static int
read_file(struct trust *t, const char *path, struct err *e)
{
	struct buf text;
	int got;

	buf_init(&text, STORE_MAX);
	got = file_read(path, &text, e);
	if (got > 0)
		add_all(t, buf_str(&text));
	else if (got == 0)
		err_set(e, ERR_SYSTEM, "%s: there is no such file", path);
	buf_free(&text);
	return got > 0 ? 0 : -1;
}

/* "1636090b.0", as c_rehash and update-ca-certificates name them. */
static int
is_hashed(const struct dirent *d)
{
	struct str name = str_c(d->d_name);

	return name.n > 9 && name.p[8] == '.' && char_is_digit(name.p[9]);
}

static int
is_pem(const struct dirent *d)
{
	struct str name = str_c(d->d_name);
	struct str end = str_slice(name, name.n - 4, name.n);

	return name.n > 4 && name.p[0] != '.' &&
	    (str_eq(end, STR(".pem")) || str_eq(end, STR(".crt")));
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
read_folder(struct trust *t, const char *path, struct err *e)
{
	struct dirent **entry;
	struct err ignored;
	struct buf file;
	int n = scandir(path, &entry, is_hashed, by_name);

	if (n == 0) {
		free(entry);
		n = scandir(path, &entry, is_pem, by_name);
	}
	if (n < 0)
		return err_sys(e, "%s", path);
	buf_init(&file, PATH);
	for (int i = 0; i < n; i++) {
		buf_clear(&file);
		buf_printf(&file, "%s/%s", path, entry[i]->d_name);
		free(entry[i]);
		/* One that cannot be read is one that is not trusted. */
		(void)(read_file(t, file.p, &ignored) < 0);
	}
	free(entry);
	buf_free(&file);
	return 0;
}

static int
read_path(struct trust *t, const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	t->written = st.st_mtim.tv_sec;
	if ((S_ISDIR(st.st_mode) ? read_folder(t, path, e)
				 : read_file(t, path, e)) < 0)
		return -1;
	return t->list
	    ? 0
	    : err_set(e, ERR_SYNTAX, "%s: there is no certificate in it", path);
}

static int
read_usual(struct trust *t, struct err *e)
{
	const char *said = secure_getenv("SSL_CERT_FILE");
	struct stat st;

	if (said)
		return read_path(t, said, e);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (stat(usual[i], &st) == 0)
			return read_path(t, usual[i], e);
	return err_set(e, ERR_SYSTEM,
	    "the system has no certificates of authorities: install "
	    "ca-certificates, or name a file by tls-authorities");
}

struct trust *
trust_read(struct str path, struct err *e)
{
	int result;

	if (last.list && str_eq(last.path, path))
		return &last;
	pool_free(&last.pool);
	last = (struct trust){0};
	last.path = pool_str(&last.pool, path);
	result = path.n > 0 ? read_path(&last, last.path.p, e)
			    : read_usual(&last, e);
	if (result < 0 && path.n > 0)
		err_while(e, "tls-authorities");
	return result < 0 ? NULL : &last;
}

time_t
trust_written(void)
{
	return last.written;
}

/* ---- searching */

/* Are two strings the same, but for case and blanks? */
static bool
alike(struct str a, struct str b)
{
	size_t i = 0;
	size_t k = 0;

	for (;;) {
		while (i < a.n && (unsigned char)a.p[i] <= ' ')
			i++;
		while (k < b.n && (unsigned char)b.p[k] <= ' ')
			k++;
		if (i == a.n || k == b.n)
			return i == a.n && k == b.n;
		if (char_lower(a.p[i++]) != char_lower(b.p[k++]))
			return false;
	}
}

/* Has it more than one element? */
static bool
several(struct str set)
{
	struct str one;

	return take_element(&set, &one, NULL) < 0 || set.n > 0;
}

/*
 * Might these, in DER, be the same name to OpenSSL, which takes a while to
 * say?  False is certain.
 */
static bool
may_be_same(struct str a, struct str b)
{
	enum { OID = 6, UTF8 = 12, PRINTABLE = 19, IA5 = 22 };
	enum { SEQUENCE = 0x30, SET = 0x31 };
	const char *end_a = a.p + a.n;
	const char *end_b = b.p + b.n;

	while (a.n > 0 && b.n > 0) {
		struct str x, y;
		int t = take_element(&a, &x, NULL);
		int u = take_element(&b, &y, NULL);

		/* Elements of a set may stand in another order. */
		if (t < 0 || u < 0 ||
		    (t == SET && u == SET && (several(x) || several(y))))
			return true;
		if (t == u && (t == SEQUENCE || t == SET)) {
			/* and go on inside */
			a = str_of(x.p, (size_t)(end_a - x.p));
			b = str_of(y.p, (size_t)(end_b - y.p));
		} else if (t == OID && u == OID) {
			if (!str_eq(x, y))
				return false;
		} else if ((t == UTF8 || t == PRINTABLE || t == IA5) &&
		    (u == UTF8 || u == PRINTABLE || u == IA5)) {
			/* Of what is not ASCII each has a code of its own. */
			if (!alike(x, y) &&
			    (t == u || (str_is_ascii(x) && str_is_ascii(y))))
				return false;
		}
	}
	return a.n == 0 && b.n == 0;
}

/* Is it the same name, if perhaps in other letters? */
static bool
same_name(const struct authority *a, const X509_NAME *name)
{
	const unsigned char *p = a->subject;
	X509_NAME *subject = d2i_X509_NAME(NULL, &p, (long)a->subject_n);
	bool same = subject && X509_NAME_cmp(subject, name) == 0;

	X509_NAME_free(subject);
	return same;
}

/*
 * Gives the authority to the store, and, unless he has one, to who asks.  As
 * with OpenSSL's own lookups the store holds it, and who asks counts it
 * himself.
 */
static bool
give(const struct authority *a, X509_LOOKUP *lookup, X509_OBJECT *out, bool has)
{
	const unsigned char *p = a->der;
	X509 *x = d2i_X509(NULL, &p, (long)a->n);
	bool held =
	    x && X509_STORE_add_cert(X509_LOOKUP_get_store(lookup), x) == 1;

	if (held && !has && X509_OBJECT_set1_X509(out, x) == 1) {
		X509_free(x);
		has = true;
	}
	X509_free(x);
	return has;
}

static int
by_subject(X509_LOOKUP *lookup, X509_LOOKUP_TYPE type, const X509_NAME *name,
    X509_OBJECT *out)
{
	const struct trust *t = X509_LOOKUP_get_method_data(lookup);
	const unsigned char *der;
	size_t n;
	bool given = false;
	X509_NAME *same; /* it is not changed by what is asked of it */

	memcpy(&same, &name, sizeof(same));
	if (type != X509_LU_X509 || X509_NAME_get0_der(same, &der, &n) != 1)
		return 0;
	for (const struct authority *a = t->list; a; a = a->next)
		if (a->subject_n == n && memcmp(a->subject, der, n) == 0)
			given = give(a, lookup, out, given);
	for (const struct authority *a = t->list; a && !given; a = a->next)
		if (may_be_same(str_of((const char *)a->subject, a->subject_n),
			str_of((const char *)der, n)) &&
		    same_name(a, name))
			given = give(a, lookup, out, given);
	return given;
}

int
trust_use(struct trust *t, X509_STORE *store, struct err *e)
{
	static X509_LOOKUP_METHOD *method;
	X509_LOOKUP *lookup = NULL;

	if (method == NULL)
		method = X509_LOOKUP_meth_new("hantar");
	if (method && X509_LOOKUP_meth_set_get_by_subject(method, by_subject))
		lookup = X509_STORE_add_lookup(store, method);
	if (lookup == NULL || X509_LOOKUP_set_method_data(lookup, t) != 1)
		return err_set(e, ERR_SYSTEM, "OpenSSL: no room for a lookup");
	return 0;
}
