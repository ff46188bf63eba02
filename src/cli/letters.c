/* SPDX-License-Identifier: ISC */
#include "cli/letters.h"

#include <sysexits.h>

#include "base/buf.h"
#include "base/char.h"
#include "cli/optval.h"

const struct mode_word letters_modes[] = {
    {"m", MODE_SEND, "send a message (the default)"},
    {"C", MODE_CHECK, "as --check"},
    {"i", MODE_ALIASES, "check the file of aliases: status 0, 65 or 78"},
    {"p", MODE_LIST, "list the queue, as mailq; -qI, -qR, -qS select"},
    {"P", MODE_COUNT, "count the queue"},
    {"s", MODE_UNSUPPORTED, NULL},
    {"v", MODE_VERIFY, "say how mail for the operands would go; send nothing"},
    {"d", MODE_UNSUPPORTED, NULL},
    {"D", MODE_UNSUPPORTED, NULL},
    {"l", MODE_UNSUPPORTED, NULL},
    {"h", MODE_UNSUPPORTED, NULL},
    {"H", MODE_UNSUPPORTED, NULL},
    {"t", MODE_UNSUPPORTED, NULL},
    {"a", MODE_UNSUPPORTED, NULL},
    {"z", MODE_UNSUPPORTED, NULL},
};

const struct mode_word letters_words[] = {
    {"help", MODE_HELP, "print this"},
    {"version", MODE_VERSION, "print the version"},
    {"check", MODE_CHECK, "check the configuration: status 0 or 78"},
    {"tls-test", MODE_TLS_TEST,
	"what hosts, as in the key relay, offer and prove; status 0: who they "
	"are"},
    {"print-config", MODE_PRINT_CONFIG, "print the configuration in force"},
    {"due", MODE_DUE, "run what is due of the queue"},
    {"queue-status", MODE_STATUS,
	"how the queue fares: status 0 well, 1 warning, 2 trouble"},
    {"hold", MODE_HOLD, "hold entries back; this and the next: ID ..., or ALL"},
    {"release", MODE_RELEASE, "let go what was held"},
    {"requeue", MODE_REQUEUE, "make entries due now"},
    {"delete", MODE_DELETE, "delete entries; nobody is told"},
};

#define AT(field) offsetof(struct options, field)

const struct flag_word letters_flags[] = {
    {"json", AT(json),
	"with -bp, -bv, --queue-status, --tls-test: for programs"},
};

const struct short_key letters_keys[] = {
    {'i', "ignore-dots", "yes", "", "as -i"},
    {'A', "AliasFile", NULL, "file", "file of aliases to read"},
    {'d', "DeliveryMode", NULL, "mode",
	"when to deliver: -odi now; -odb, -odq later"},
    {'e', "ErrorMode", NULL, "mode",
	"errors: -oep print, -oeq status only, -oem mail"},
};

/* "-odb": an option as it is quoted in errors. */
static const char *
quote(struct options *o, const char *option, const char *value)
{
	struct buf b;
	const char *text;

	buf_init(&b, 200);
	buf_printf(&b, "%s%.100s", option, value);
	text = pool_c(o->pool, buf_str(&b));
	buf_free(&b);
	return text;
}

/* The array, with room for one more than n. */
static void *
grown(struct options *o, void *array, size_t n, size_t size)
{
	void *more;

	if ((n & (n - 1)) != 0) /* full: 0, 1, 2, 4, ... are in it */
		return array;
	more = pool_array(o->pool, n ? 2 * n : 1, size);
	if (n > 0)
		memcpy(more, array, n * size);
	return more;
}

static int
add_setting(
    struct options *o, const char *option, struct str key, struct str value)
{
	o->settings =
	    grown(o, o->settings, o->settings_n, sizeof(*o->settings));
	o->settings[o->settings_n++] = (struct setting){key, value, option};
	return 0;
}

static int
take_flag(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	bool yes = true;

	(void)value;
	(void)e;
	memcpy((char *)o + opt->at, &yes, sizeof(yes));
	return 0;
}

/* The last one wins. */
static int
take_text(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)e;
	memcpy((char *)o + opt->at, &value, sizeof(value));
	return 0;
}

static int
take_ret(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	if (o->ret != RET_UNSAID) {
		err_set(e, ERR_SYNTAX, "-R is given twice");
		return EX_USAGE;
	}
	o->ret = str_ieq(str_c(value), STR("full")) ? RET_FULL : RET_HDRS;
	return 0;
}

static int
take_notify(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	(void)e;
	o->notify = optval_notified(str_c(value));
	return 0;
}

static int
take_i(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	(void)value;
	(void)e;
	return add_setting(o, "-i", STR("ignore-dots"), STR("yes"));
}

static int
take_e(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	(void)e;
	return add_setting(
	    o, quote(o, "-e", value), STR("ErrorMode"), str_c(value));
}

static int
take_o(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	(void)e;
	for (size_t i = 0; i < letters_keys_n; i++)
		if (value[0] == letters_keys[i].letter)
			return add_setting(o, quote(o, "-o", value),
			    str_c(letters_keys[i].key),
			    str_c(letters_keys[i].value ? letters_keys[i].value
							: value + 1));
	return 0;
}

/* Without "=": a switch that is put on. */
static int
take_key(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	struct str s = str_c(value);
	size_t equals = str_find(s, '=');
	struct str key = str_trim(str_slice(s, 0, equals));

	(void)opt;
	(void)e;
	if (equals == s.n)
		return add_setting(o, "-O", key, STR("true"));
	return add_setting(
	    o, "-O", key, str_trim(str_slice(s, equals + 1, s.n)));
}

static int
take_mode(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	for (size_t i = 0; i < letters_modes_n; i++)
		if (value[0] == letters_modes[i].word[0]) {
			o->mode = letters_modes[i].mode;
			o->what = quote(o, "-b", value);
			return 0;
		}
	err_set(e, ERR_SYNTAX, "unknown mode -b%s", value);
	return EX_USAGE;
}

static int
take_aliases(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)opt;
	(void)value;
	(void)e;
	o->mode = MODE_ALIASES;
	o->what = "-I";
	return 0;
}

/* "15m", "1h30m", "90": minutes where no unit is. */
static bool
read_every(struct str s, int64_t *ms)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {
	    {'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
	static const int64_t longest = INT64_C(366) * 86400 * 1000;
	enum { DIGITS = 6 };

	*ms = 0;
	while (s.n > 0) {
		uint64_t number = 0;
		size_t digits = 0;
		int64_t seconds = 60;

		while (digits < s.n && char_is_digit(s.p[digits]))
			digits++;
		if (digits == 0 || digits > DIGITS ||
		    !str_number(str_slice(s, 0, digits), 999999, &number))
			return false;
		s = str_slice(s, digits, s.n);
		for (size_t i = 0;
		     s.n > 0 && i < sizeof(units) / sizeof(*units); i++)
			if (units[i].unit == s.p[0])
				seconds = -units[i].seconds;
		if (s.n > 0 && seconds > 0)
			return false;
		*ms +=
		    (int64_t)number * (seconds < 0 ? -seconds : seconds) * 1000;
		if (*ms > longest)
			return false;
		s = str_slice(s, 1, s.n);
	}
	return *ms > 0;
}

/* Which entries are meant of a list that was asked for, or of a run. */
static int
take_run(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	struct selector selector;

	(void)opt;
	if (select_read(str_c(value), &selector)) {
		o->selectors = grown(
		    o, o->selectors, o->selectors_n, sizeof(*o->selectors));
		o->selectors[o->selectors_n++] = selector;
		if (o->mode == MODE_LIST || o->mode == MODE_COUNT ||
		    o->mode == MODE_DUE)
			return 0;
		value = "";
	}
	o->mode = MODE_QUEUE;
	o->what = quote(o, "-q", value);
	if (value[0] == '\0' || str_eq(str_c(value), STR("f")))
		return 0;
	if (read_every(str_c(value), &o->every))
		return 0;
	err_set(
	    e, ERR_SYNTAX, "%s: neither a time (15m, 1h30m) nor f", o->what);
	return EX_USAGE;
}

/* Configure scripts ask so what they have before them. */
static int
take_debug(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	struct str level = str_c(value);

	(void)opt;
	(void)e;
	if (str_eq(level, STR("0")) || str_starts(level, STR("0.")))
		o->mode = MODE_VERSION;
	return 0;
}

/* They name a file, whose opening nobody has made safe yet. */
static int
refuse(struct options *o, const struct option *opt, const char *value,
    struct err *e)
{
	(void)o;
	(void)value;
	err_set(e, ERR_SYNTAX, "-%c is not permitted", opt->letter);
	return EX_NOPERM;
}

/* clang-format off */
const struct option letters[] = {
	/* what the message is made of */
	{'t', ARITY_NONE, take_flag, AT(from_header), NULL, NULL,
	    "recipients come from To, Cc and Bcc, too"},
	{'i', ARITY_NONE, take_i, 0, NULL, NULL,
	    "a line with a lone dot does not end the message"},
	{'f', ARITY_VALUE, take_text, AT(sender), NULL, "address",
	    "envelope sender; '' or '<>' for none"},
	{'r', ARITY_VALUE, take_text, AT(sender), NULL, "address",
	    "as -f"},
	{'F', ARITY_VALUE, take_text, AT(full_name), NULL, "name",
	    "full name, for a missing From field"},
	{'n', ARITY_NONE, take_flag, AT(no_aliases), NULL, NULL,
	    "do not look into the aliases"},
	{'G', ARITY_NONE, take_flag, AT(gateway), NULL, NULL,
	    "the message comes from elsewhere: complete nothing"},
	{'B', ARITY_VALUE, NULL, 0, optval_body, "type",
	    "7BIT or 8BITMIME; what the message is, is seen by itself"},
	/* how it is sent */
	{'v', ARITY_NONE, take_flag, AT(verbose), NULL, NULL,
	    "show on standard output what is done"},
	{'C', ARITY_VALUE, take_text, AT(config), NULL, "file",
	    "configuration to read"},
	{'O', ARITY_VALUE, take_key, 0, NULL, "key=value",
	    "set a key of the configuration, see hantar.conf(5)"},
	{'L', ARITY_VALUE, take_text, AT(tag), optval_tag, "tag",
	    "the program's name in the log"},
	{'N', ARITY_VALUE, take_notify, 0, optval_notify, "when",
	    "what to report: never, or of failure,delay,success"},
	{'R', ARITY_VALUE, take_ret, 0, optval_ret, "what",
	    "what a report has of the message: full or hdrs"},
	{'V', ARITY_VALUE, take_text, AT(envid), optval_envid, "id",
	    "identifier of the envelope, for reports"},
	/* what else can be asked for */
	{'b', ARITY_VALUE, take_mode, 0, NULL, "mode",
	    NULL},
	{'o', ARITY_VALUE, take_o, 0, NULL, "option",
	    NULL},
	{'I', ARITY_NONE, take_aliases, 0, NULL, NULL,
	    "as -bi"},
	{'q', ARITY_ATTACHED, take_run, 0, NULL, "time",
	    "run the queue; with a time (15m, 1h30m) again and again"},
	{'d', ARITY_ATTACHED, take_debug, 0, NULL, "level",
	    "-d0.1 prints the version; others mean nothing"},
	{'e', ARITY_VALUE, take_e, 0, NULL, "mode",
	    "as -oe"},
	/* sendmail's, refused or without a meaning here */
	{'X', ARITY_VALUE, refuse, 0, NULL, "file",
	    "not permitted"},
	{'D', ARITY_VALUE, refuse, 0, NULL, "file",
	    "not permitted"},
	{'h', ARITY_VALUE, NULL, 0, optval_hops, "count", NULL},
	{'A', ARITY_VALUE, NULL, 0, NULL, "x", NULL},
	{'M', ARITY_VALUE, NULL, 0, NULL, "x", NULL},
	{'p', ARITY_VALUE, NULL, 0, NULL, "protocol", NULL},
	{'Q', ARITY_VALUE, NULL, 0, NULL, "reason", NULL},
	{'J', ARITY_ATTACHED, NULL, 0, NULL, "x", NULL},
	{'c', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'E', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'m', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'s', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'T', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'U', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
	{'x', ARITY_NONE, NULL, 0, NULL, NULL, NULL},
};
/* clang-format on */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const size_t letters_n = COUNT(letters);
const size_t letters_modes_n = COUNT(letters_modes);
const size_t letters_words_n = COUNT(letters_words);
const size_t letters_flags_n = COUNT(letters_flags);
const size_t letters_keys_n = COUNT(letters_keys);
