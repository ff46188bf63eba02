/* SPDX-License-Identifier: ISC */
#include "os/user.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/char.h"
#include "os/file.h"

/* GECOS up to the first comma, with "&" as the capitalised login. */
static struct str
full_name(const char *gecos, const char *login, struct pool *p)
{
	struct buf b;
	struct str name;

	buf_init(&b, 1024);
	for (const char *c = gecos; *c != '\0' && *c != ','; c++) {
		if (*c != '&') {
			buf_byte(&b, *c);
			continue;
		}
		size_t at = b.n;

		buf_add(&b, str_c(login));
		if (b.n > at && char_is_letter(b.p[at]) && b.p[at] >= 'a')
			b.p[at] = (char)(b.p[at] - 'a' + 'A');
	}
	name = pool_str(p, str_trim(buf_str(&b)));
	buf_free(&b);
	return name;
}

void
user_self(struct user *u, struct pool *p)
{
	uid_t uid = getuid();
	const char *claimed = secure_getenv("LOGNAME");
	struct passwd *pw = claimed ? getpwnam(claimed) : NULL;

	if (pw == NULL || pw->pw_uid != uid)
		pw = getpwuid(uid);
	*u = (struct user){.uid = uid};
	if (pw == NULL) {
		char text[32];

		(void)snprintf(text, sizeof(text), "uid%lu", u->uid);
		u->login = pool_str(p, str_c(text));
		return;
	}
	u->known = true;
	u->login = pool_str(p, str_c(pw->pw_name));
	u->name = full_name(pw->pw_gecos ? pw->pw_gecos : "", pw->pw_name, p);
	u->home = pool_str(p, str_c(pw->pw_dir));
}

struct str
user_home(struct pool *p)
{
	const char *home = secure_getenv("HOME");
	const struct passwd *pw = home ? NULL : getpwuid(getuid());
	struct str path = str_c(pw ? pw->pw_dir : home);

	return str_starts(path, STR("/")) ? pool_str(p, path) : STR_NONE;
}

uid_t
user_service(void)
{
	const struct passwd *pw = getpwnam(HANTAR_USER);

	return pw ? pw->pw_uid : (uid_t)-1;
}

static struct str
name_or_number(const char *name, unsigned long number, struct pool *p)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lu", number);
	return pool_str(p, str_c(name ? name : text));
}

struct str
user_name_of(uid_t uid, struct pool *p)
{
	const struct passwd *pw = getpwuid(uid);

	return name_or_number(pw ? pw->pw_name : NULL, uid, p);
}

struct str
user_group_of(gid_t gid, struct pool *p)
{
	/* cppcheck-suppress getgrgidCalled; hantar has no threads */
	const struct group *gr = getgrgid(gid);

	return name_or_number(gr ? gr->gr_name : NULL, gid, p);
}

/*
 * The first name in /etc/hosts with a dot, on a line that also names host.
 * The file is read, not asked for through the resolver: at start-up nothing
 * may wait for a network.
 */
static struct str
canonical(struct str host, struct pool *p)
{
	struct buf hosts;
	struct err ignored;
	struct str found = STR_NONE;

	buf_init(&hosts, 1 << 20);
	if (file_read("/etc/hosts", &hosts, &ignored) > 0) {
		struct str rest = buf_str(&hosts);
		struct str line;

		while (found.n == 0 && str_split(&rest, '\n', &line)) {
			struct str dotted = STR_NONE;
			struct str word;
			bool ours = false;
			bool first = true;

			line = str_slice(line, 0, str_find(line, '#'));
			for (size_t i = 0; i <= line.n; i++) {
				size_t from = i;

				while (i < line.n && line.p[i] != ' ' &&
				    line.p[i] != '\t' && line.p[i] != '\r')
					i++;
				word = str_slice(line, from, i);
				if (word.n == 0)
					continue;
				ours = ours || (!first && str_ieq(word, host));
				if (!first && dotted.n == 0 &&
				    str_find(word, '.') < word.n)
					dotted = word;
				first = false;
			}
			if (ours)
				found = dotted;
		}
		found = pool_str(p, found);
	}
	buf_free(&hosts);
	return found;
}

struct str
user_hostname(struct pool *p)
{
	char text[256] = "";
	struct str host;
	struct str full;

	if (gethostname(text, sizeof(text) - 1) < 0 || text[0] == '\0')
		return STR("localhost");
	host = pool_str(p, str_c(text));
	if (str_find(host, '.') < host.n)
		return host;
	full = canonical(host, p);
	return full.n > 0 ? full : host;
}

struct str
user_mailname(struct pool *p)
{
	struct buf text;
	struct err ignored;
	struct str name = STR_NONE;

	buf_init(&text, 4096);
	if (file_read("/etc/mailname", &text, &ignored) > 0) {
		struct str all = buf_str(&text);

		name = pool_str(
		    p, str_trim(str_slice(all, 0, str_find(all, '\n'))));
	}
	buf_free(&text);
	return name;
}
