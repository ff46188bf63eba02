/* SPDX-License-Identifier: ISC */
#include "cli/conf.h"

#include "base/char.h"
#include "cli/keys.h"
#include "os/idn.h"

enum { NAME_MAX_BYTES = 255 };

#define UTF8_MARK "\xef\xbb\xbf"

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

static struct conf_scope
main_of(struct conf *c)
{
	return (struct conf_scope){CONF_MAIN, c};
}

void
conf_default(struct conf *c, struct pool *p)
{
	*c = (struct conf){0};
	keys_default(main_of(c), p);
}

/* The key whose name is the nearest in these sections; NULL: none is near. */
static const char *
nearest(struct str name, enum conf_section section)
{
	size_t best = SIZE_MAX;
	const char *found = NULL;

	for (size_t i = 0; i < conf_keys_n; i++) {
		size_t d = key_distance(name, str_c(conf_keys[i].name));

		if (d < best && (conf_keys[i].in & IN(section))) {
			best = d;
			found = conf_keys[i].name;
		}
	}
	/* What shares less than half of the letters is no slip of a finger. */
	return 2 * best <= name.n ? found : NULL;
}

/* Why there is no such key in such a section. */
static int
unknown(enum conf_section section, struct str key, struct err *e)
{
	const char *near = nearest(key, section);
	const char *word = conf_kinds[section].word;

	for (int s = 0; s < CONF_SECTIONS; s++) {
		if (keys_find((enum conf_section)s, key) < 0)
			continue;
		if (s == CONF_MAIN)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is no key of a section [%s]: it stands "
			    "before the first section",
			    STR_ARG(key), word);
		return err_set(e, ERR_SYNTAX,
		    "\"%.*s\" stands in sections [%s \"...\"] only",
		    STR_ARG(key), conf_kinds[s].word);
	}
	return err_set(e, ERR_SYNTAX,
	    near ? "no key%s%s%s is called \"%.*s\"; the nearest is \"%s\""
		 : "no key%s%s%s is called \"%.*s\"; see %s",
	    word ? " of a section [" : "", word ? word : "", word ? "]" : "",
	    STR_ARG(key), near ? near : "hantar.conf(5)");
}

static int
set(struct conf_scope scope, struct str key, struct str value, struct pool *p,
    struct err *e)
{
	int i = keys_find(scope.section, key);

	if (i < 0)
		return unknown(scope.section, key, e);
	return keys_read(&conf_keys[i], scope, value, p, e);
}

int
conf_set(struct conf *c, struct str key, struct str value, struct pool *p,
    struct err *e)
{
	return set(main_of(c), key, value, p, e);
}

/* What those who run the machine say of its users is not theirs to change. */
static bool
is_for_file(struct str key)
{
	static const char *const names[] = {"authorized-submit-users",
	    "authorized-mailq-users", "authorized-flush-users",
	    "mailq-entries"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (str_eq(key, str_c(names[i])))
			return true;
	return false;
}

/* How the caller's message is taken, and what he is told. */
static const char *const ordinary[] = {
    "delivery",
    "empty-input",
    "errors",
    "ignore-dots",
    "max-header",
    "max-message",
    "max-recipients",
    "operands-with-t",
    "patience",
    "qualify-headers",
    "sender",
    "strict-input",
};

bool
conf_is_ordinary(struct str key)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (str_ieq(key, str_c(aliases[i].name)))
			key = str_c(aliases[i].key);
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(ordinary[0]); i++)
		if (str_eq(key, str_c(ordinary[i])))
			return true;
	return keys_find(CONF_MAIN, key) < 0;
}

int
conf_option(struct conf *c, struct str key, struct str value, struct pool *p,
    struct err *e)
{
	if (is_for_file(key))
		return err_set(e, ERR_SYNTAX,
		    "%.*s is set in the file of the configuration only",
		    STR_ARG(key));
	if (keys_find(CONF_MAIN, key) >= 0)
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

/* ---- sections */

static struct conf_head *
head_of(const struct conf *c, enum conf_section s, size_t i)
{
	char *list;

	memcpy(&list, (const char *)c + conf_kinds[s].list, sizeof(list));
	return (struct conf_head *)(void *)(list + i * conf_kinds[s].size);
}

static size_t *
count_of(struct conf *c, enum conf_section s)
{
	return (size_t *)(void *)((char *)c + conf_kinds[s].n);
}

/* Another section of the kind, at its defaults. */
static struct conf_head *
add_section(
    struct conf *c, enum conf_section s, struct str name, struct pool *p)
{
	const struct conf_kind *kind = &conf_kinds[s];
	size_t n = (*count_of(c, s))++;
	struct conf_head *head;

	/* It is full with 0, 1, 2, 4, ... */
	if ((n & (n - 1)) == 0) {
		void *larger = pool_array(p, n ? 2 * n : 1, kind->size);

		if (n > 0)
			memcpy(larger, head_of(c, s, 0), n * kind->size);
		memcpy((char *)c + kind->list, &larger, sizeof(larger));
	}
	head = head_of(c, s, n);
	keys_default((struct conf_scope){s, head}, p);
	head->name = name;
	return head;
}

/* Domains are in ASCII and in lower case, as they are compared. */
static int
read_pattern(struct str text, struct str *name, struct pool *p, struct err *e)
{
	bool below = str_starts(text, STR("."));
	struct buf ascii;
	int result = 0;

	buf_init(&ascii, 1024);
	if (str_eq(text, STR("*")) || below)
		buf_add(&ascii, str_slice(text, 0, 1));
	if (!str_eq(text, STR("*")))
		result = idn_ascii(&ascii, str_slice(text, below, text.n), e);
	*name = pool_str(p, buf_str(&ascii));
	buf_free(&ascii);
	return result;
}

static int
read_name(enum conf_section s, struct str text, struct str *name,
    struct pool *p, struct err *e)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '"' ||
		    !(char_is_graph(text.p[i]) || char_is_high(text.p[i])))
			return err_set(e, ERR_SYNTAX,
			    "a name has no blanks, quotes or controls");
	if (text.n == 0 || text.n > NAME_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a name has 1 to %d bytes",
		    (int)NAME_MAX_BYTES);
	if (s == CONF_ROUTE)
		return read_pattern(text, name, p, e);
	/* Where a relay is named, a host might stand. */
	for (size_t i = 0; i < text.n; i++)
		if (!char_is_letter(text.p[i]) && !char_is_digit(text.p[i]) &&
		    text.p[i] != '-' && text.p[i] != '_' && text.p[i] != '.')
			return err_set(e, ERR_SYNTAX,
			    "the name of a relay has letters, digits, '-', '_' "
			    "and '.'");
	if (str_eq(text, STR(CONF_NO_RELAY)))
		return err_set(e, ERR_SYNTAX, "no relay can be called that");
	*name = pool_str(p, text);
	return 0;
}

static int
kind_of(struct str word, struct err *e)
{
	struct buf known;

	for (int s = 0; s < CONF_SECTIONS; s++)
		if (conf_kinds[s].word &&
		    str_eq(str_c(conf_kinds[s].word), word))
			return s;
	buf_init(&known, 200);
	for (int s = 0; s < CONF_SECTIONS; s++)
		if (conf_kinds[s].word)
			buf_printf(&known, "%s[%s \"...\"]",
			    known.n ? ", " : "", conf_kinds[s].word);
	err_set(e, ERR_SYNTAX, "no section is called \"%.*s\"; there is: %s",
	    STR_ARG(word), known.p);
	buf_free(&known);
	return -1;
}

/* ---- text */

/* A text that is being read. */
struct reading {
	struct conf *c;
	struct pool *pool;
	struct conf_scope scope; /* the section that its lines are in now */
	unsigned number;	 /* of the line */
	unsigned *seen; /* on which line each key of the section was set */
};

/* The line [kind "name"]. */
static int
open_section(struct reading *r, struct str line, struct err *e)
{
	struct str inner = str_trim(str_slice(line, 1, line.n - 1));
	size_t blank = str_find(inner, ' ');
	struct str rest = str_trim(str_slice(inner, blank, inner.n));
	struct conf_head *head = NULL;
	enum conf_section s;
	struct str name = STR_NONE;
	int kind;

	if (line.p[line.n - 1] != ']' || rest.n < 2 || rest.p[0] != '"' ||
	    rest.p[rest.n - 1] != '"')
		return err_set(
		    e, ERR_SYNTAX, "a section begins with [kind \"name\"]");
	kind = kind_of(str_slice(inner, 0, blank), e);
	if (kind < 0)
		return -1;
	s = (enum conf_section)kind;
	if (read_name(s, str_slice(rest, 1, rest.n - 1), &name, r->pool, e) < 0)
		return -1;
	for (size_t i = 0; i < *count_of(r->c, s) && head == NULL; i++)
		if (str_eq(head_of(r->c, s, i)->name, name))
			head = head_of(r->c, s, i);
	if (head && head->file == r->c->files)
		return err_set(
		    e, ERR_SYNTAX, "this section was on line %u", head->line);
	if (head == NULL)
		head = add_section(r->c, s, name, r->pool);
	head->file = r->c->files;
	head->line = r->number;
	r->scope = (struct conf_scope){s, head};
	memset(r->seen, 0, conf_keys_n * sizeof(*r->seen));
	return 0;
}

/* Other programs' files can have them there. */
static bool
has_comment(struct str value)
{
	for (size_t i = 1; i < value.n; i++)
		if (value.p[i] == '#' &&
		    (value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
			return true;
	return false;
}

static int
read_line(struct reading *r, struct str line, struct err *e)
{
	size_t equals = str_find(line, '=');
	struct str key = str_trim(str_slice(line, 0, equals));
	int i = keys_find(r->scope.section, key);
	struct str value;

	if (line.n == 0 || line.p[0] == '#')
		return 0;
	if (line.p[0] == '[')
		return open_section(r, line, e);
	if (equals == line.n)
		return err_set(e, ERR_SYNTAX, "not of the form key = value");
	if (i >= 0 && r->seen[i] != 0)
		return err_set(e, ERR_SYNTAX, "%.*s was set on line %u",
		    STR_ARG(key), r->seen[i]);
	value = str_trim(str_slice(line, equals + 1, line.n));
	if (set(r->scope, key, value, r->pool, e) < 0)
		return has_comment(value)
		    ? err_while(e, "a comment has a line of its own")
		    : -1;
	r->seen[i] = r->number;
	return 0;
}

int
conf_parse(struct conf *c, struct str text, const char *name, struct pool *p,
    struct err *e)
{
	struct reading r = {.c = c, .pool = p, .scope = main_of(c)};
	struct str line;

	r.seen = pool_array(p, conf_keys_n, sizeof(*r.seen));
	c->files++;
	/* Some editors begin with a mark that says it is UTF-8. */
	if (str_starts(text, STR(UTF8_MARK)))
		text = str_slice(text, strlen(UTF8_MARK), text.n);
	while (str_split(&text, '\n', &line)) {
		r.number++;
		if (read_line(&r, str_trim(line), e) < 0)
			return err_while(e, "%s:%u", name, r.number);
	}
	return 0;
}

static void
print_keys(struct buf *b, struct conf_scope scope)
{
	for (size_t i = 0; i < conf_keys_n; i++) {
		const struct conf_key *k = &conf_keys[i];

		if (!(k->in & IN(scope.section)))
			continue;
		buf_printf(b, "# %s\n%s = ", k->doc, k->name);
		keys_write(b, k, scope);
		buf_byte(b, '\n');
	}
}

void
conf_print(struct buf *b, struct conf *c)
{
	print_keys(b, main_of(c));
	for (int s = CONF_MAIN + 1; s < CONF_SECTIONS; s++) {
		enum conf_section kind = (enum conf_section)s;

		for (size_t i = 0; i < *count_of(c, kind); i++) {
			struct conf_head *head = head_of(c, kind, i);

			buf_printf(b, "\n[%s \"%.*s\"]\n",
			    conf_kinds[kind].word, STR_ARG(head->name));
			print_keys(b, (struct conf_scope){kind, head});
		}
	}
}
