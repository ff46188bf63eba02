/* SPDX-License-Identifier: ISC */
#include "cli/conf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/char.h"
#include "cli/keys.h"
#include "os/file.h"

enum { FILE_MAX = 1 << 20 };

/*
 * sendmail's own long names that mean something here.  As with sendmail the
 * first letter of the value says it all, where `letter` is set.
 */
static const struct {
	const char *name;
	const char *key;
	bool letter;
} aliases[] = {
    {"DeliveryMode", "delivery", true},
    {"ErrorMode", "errors", true},
    {"IgnoreDots", "ignore-dots", false},
    {"AliasFile", "aliases", false},
};

void
conf_default(struct conf *c, struct pool *p)
{
	struct err e;

	*c = (struct conf){0};
	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];
		int valid = keys_read(k, c, str_c(k->standard), p, &e);

		assert(valid == 0);
		(void)valid;
	}
}

static const char *
nearest(struct str name)
{
	size_t best = SIZE_MAX;
	const char *found = NULL;

	for (size_t i = 0; i < conf_keys_n; i++) {
		size_t d = key_distance(name, str_c(conf_keys[i].name));

		if (d < best) {
			best = d;
			found = conf_keys[i].name;
		}
	}
	/* What shares less than half of the letters is no slip of a finger. */
	return 2 * best <= name.n ? found : NULL;
}

int
conf_set(struct conf *c, struct str key, struct str value, struct pool *p,
    struct err *e)
{
	int i = keys_find(key);
	const char *near = i < 0 ? nearest(key) : NULL;

	if (i < 0)
		return err_set(e, ERR_SYNTAX,
		    near ? "no key is called \"%.*s\"; the nearest is \"%s\""
			 : "no key is called \"%.*s\"; see %s",
		    STR_ARG(key), near ? near : "hantar.conf(5)");
	return keys_read(&conf_keys[i], c, value, p, e);
}

int
conf_option(struct conf *c, struct str key, struct str value, struct pool *p,
    struct err *e)
{
	if (keys_find(key) >= 0)
		return conf_set(c, key, value, p, e);
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (str_ieq(key, str_c(aliases[i].name)))
			return conf_set(c, str_c(aliases[i].key),
			    aliases[i].letter ? str_slice(value, 0, 1) : value,
			    p, e);
	if (key.n > 0 && char_is_letter(key.p[0]) && key.p[0] <= 'Z')
		return 0;
	return conf_set(c, key, value, p, e);
}

/* seen[i] is the line on which key i was set, 0 for none. */
static int
parse_line(struct conf *c, struct str line, unsigned number, unsigned *seen,
    struct pool *p, struct err *e)
{
	size_t equals = str_find(line, '=');
	struct str key = str_trim(str_slice(line, 0, equals));
	int i = keys_find(key);

	if (line.n == 0 || line.p[0] == '#')
		return 0;
	if (line.p[0] == '[')
		return err_set(e, ERR_SYNTAX,
		    "sections are not supported by this version");
	if (equals == line.n)
		return err_set(e, ERR_SYNTAX, "not of the form key = value");
	if (i >= 0 && seen[i] != 0)
		return err_set(e, ERR_SYNTAX, "%.*s was set on line %u",
		    STR_ARG(key), seen[i]);
	if (conf_set(c, key, str_trim(str_slice(line, equals + 1, line.n)), p,
		e) < 0)
		return -1;
	seen[i] = number;
	return 0;
}

int
conf_parse(struct conf *c, struct str text, const char *name, struct pool *p,
    struct err *e)
{
	unsigned *seen = pool_array(p, conf_keys_n, sizeof(*seen));
	unsigned number = 0;
	struct str line;

	while (str_split(&text, '\n', &line))
		if (parse_line(c, str_trim(line), ++number, seen, p, e) < 0)
			return err_while(e, "%s:%u", name, number);
	return 0;
}

/* Somebody else could have put into the file what he likes (J-11). */
static int
check_owner(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return err_set(e, ERR_SYNTAX,
		    "%s: belongs neither to root nor to you", path);
	if (st.st_mode & S_IWOTH)
		return err_set(
		    e, ERR_SYNTAX, "%s: everybody may write to it", path);
	return 0;
}

int
conf_read(struct conf *c, const char *path, bool trusted, struct pool *p,
    struct err *e)
{
	struct buf text;
	int result;

	if (!trusted && check_owner(path, e) < 0)
		return -1;
	buf_init(&text, FILE_MAX);
	result = file_read(path, &text, e);
	if (result == 0)
		result =
		    err_set(e, ERR_SYSTEM, "%s: there is no such file", path);
	else if (result > 0)
		result = conf_parse(c, buf_str(&text), path, p, e);
	buf_free(&text);
	return result;
}

/* Is it a folder of the user who calls? */
static bool
is_own(struct str folder)
{
	struct pool p = {0};
	struct stat st;
	bool own = folder.n > 0 && stat(pool_c(&p, folder), &st) == 0 &&
	    st.st_uid == geteuid();

	pool_free(&p);
	return own;
}

static const char *
user_path(struct str home, struct pool *p)
{
	struct str xdg = str_c(secure_getenv("XDG_CONFIG_HOME"));
	struct stat st;
	struct buf path;
	const char *found = NULL;

	buf_init(&path, 4096);
	if (str_starts(xdg, STR("/")))
		buf_add(&path, xdg);
	else if (str_starts(home, STR("/")))
		buf_printf(&path, "%.*s/.config", STR_ARG(home));
	if (path.n > 0) {
		buf_add(&path, STR("/hantar/hantar.conf"));
		/*
		 * Whatever is there counts, be it a link to nowhere.  A
		 * folder that cannot be searched may hold one, too, unless
		 * HOME was left over from another user.
		 */
		if (!path.over &&
		    (lstat(path.p, &st) == 0 ||
			(errno != ENOENT && errno != ENOTDIR && is_own(home))))
			found = pool_c(p, buf_str(&path));
	}
	buf_free(&path);
	return found;
}

const char *
conf_path(struct str home, struct pool *p)
{
	static const char system_path[] = HANTAR_SYSCONFDIR "/hantar.conf";
	const char *own = geteuid() != 0 ? user_path(home, p) : NULL;
	struct stat st;

	if (own)
		return own;
	/* Whatever is there, readable or not, is the configuration. */
	if (lstat(system_path, &st) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR))
		return system_path;
	return NULL;
}

void
conf_print(struct buf *b, const struct conf *c)
{
	for (size_t i = 0; i < conf_keys_n; i++) {
		buf_printf(
		    b, "# %s\n%s = ", conf_keys[i].doc, conf_keys[i].name);
		keys_write(b, &conf_keys[i], c);
		buf_byte(b, '\n');
	}
}
