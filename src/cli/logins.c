/* SPDX-License-Identifier: ISC */
#include "cli/logins.h"

#include "base/char.h"
#include "base/key.h"

int
login_mechs(struct str list, unsigned *mechs, struct err *e)
{
	struct str rest = list;
	struct str word;

	*mechs = 0;
	while (str_word(&rest, ", ", &word)) {
		enum mech mech = mech_find(word);

		if (mech == MECHS)
			return err_set(e, ERR_SYNTAX,
			    "\"%.*s\" is no mechanism of AUTH that we know; "
			    "see hantar.conf(5)",
			    STR_ARG(word));
		*mechs |= 1U << mech;
	}
	return 0;
}

/* A file's name in the folder of the credentials. */
static bool
is_name(struct str s)
{
	return s.n > 0 && s.n < 256 && str_find(s, '/') == s.n && s.p[0] != '.';
}

int
login_source(
    struct str text, enum secret_kind *kind, struct str *from, struct err *e)
{
	static const struct key kinds[] = {
	    {"credential", SECRET_CREDENTIAL},
	    {"descriptor", SECRET_DESCRIPTOR},
	    {"netrc", SECRET_NETRC},
	};
	size_t colon = str_find(text, ':');
	int k = key_find(
	    kinds, sizeof(kinds) / sizeof(kinds[0]), str_slice(text, 0, colon));
	uint64_t number = 0;
	bool fine;

	*kind = k < 0 ? SECRET_FILE : (enum secret_kind)kinds[k].value;
	*from = k < 0 ? text : str_slice(text, colon + 1, text.n);
	if (*kind == SECRET_CREDENTIAL)
		fine = is_name(*from);
	else if (*kind == SECRET_DESCRIPTOR)
		fine = str_number(*from, 1 << 20, &number) && number > 2;
	else
		fine = str_starts(*from, STR("/"));
	if (fine)
		return 0;
	return err_set(e, ERR_SYNTAX,
	    "this is neither an absolute path nor credential:name, "
	    "descriptor:number or netrc:path; the password itself does not "
	    "belong here, but into a file of mode 0640");
}

int
login_of(const struct login **made, const struct conf_login *c,
    enum tls_level tls, struct pool *p, struct err *e)
{
	bool file = c->file.n > 0;
	bool command = c->command.n > 0;
	struct login *login;
	bool external;

	*made = NULL;
	if (c->user.n == 0 && !file && !command && c->mechs.n == 0)
		return 0;
	login = pool_take(p, sizeof(*login));
	*login = (struct login){.user = c->user};
	if (file && command)
		return err_set(e, ERR_SYNTAX,
		    "password-file and password-command are both set: one of "
		    "them is to say the password");
	if (file && login_source(c->file, &login->kind, &login->from, e) < 0)
		return -1;
	if (command) {
		login->kind = SECRET_COMMAND;
		login->from = c->command;
	}
	if (login_mechs(c->mechs, &login->mechs, e) < 0)
		return -1;
	external = login->mechs == MECH_BIT(EXTERNAL);
	if (!external && !file && !command)
		return err_set(e, ERR_SYNTAX,
		    "user needs a password-file or a password-command beside "
		    "it");
	if (!external && c->user.n == 0 && login->kind != SECRET_NETRC)
		return err_set(
		    e, ERR_SYNTAX, "a password needs the key user beside it");
	/* Who names them and switches TLS off wants it so (F-03). */
	login->in_clear = login->mechs != 0 && tls == TLS_LEVEL_NONE;
	if (login->mechs == 0)
		login->mechs = MECHS_USUAL;
	*made = login;
	return 0;
}
