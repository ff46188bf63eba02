/* SPDX-License-Identifier: ISC */
#include "os/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

static const gid_t none = (gid_t)-1;

/* What was put aside, or none. */
static gid_t aside = (gid_t)-1;

/* Nothing of ours may go on with rights that it should not have. */
static _Noreturn void
refused(void)
{
	static const char sorry[] =
	    "hantar: the privileges of a set-id bit cannot be given up\n";

	/* os/sys.h has this file below it. */
	(void)(write(STDERR_FILENO, sorry, sizeof(sorry) - 1) < 0);
	_exit(EX_OSERR);
}

/* The kernel allows dumps again where a system says so (fs.suid_dumpable). */
static void
hide(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
}

/* May name a zone or a language, but no file. */
static bool
is_word(const char *value)
{
	return value != NULL && value[0] != '/' && value[0] != ':' &&
	    strstr(value, "..") == NULL;
}

/*
 * The environment is the caller's.  What is kept is nothing but words; where
 * libraries would take files or servers from it, it is not there.
 */
static void
clear_environment(void)
{
	static const char *const kept[] = {
	    "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LC_TIME"};
	enum { KEPT = sizeof(kept) / sizeof(kept[0]) };
	const char *value[KEPT];

	for (size_t i = 0; i < KEPT; i++)
		value[i] = getenv(kept[i]);
	if (clearenv() != 0)
		refused();
	for (size_t i = 0; i < KEPT; i++)
		if (is_word(value[i]) && setenv(kept[i], value[i], 1) < 0)
			refused();
	if (setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1) < 0)
		refused();
}

void
group_begin(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	gid_t given = getegid();

	if (uid == geteuid() && gid == given) {
		if (getauxval(AT_SECURE))
			clear_environment();
		return;
	}
	clear_environment();
	aside = given;
	if (uid != geteuid() || uid == 0) {
		group_drop();
		/* After the group: without the user it could not be. */
		if (setresuid(uid, uid, uid) < 0)
			refused();
	} else if (setresgid(gid, gid, given) < 0) {
		refused();
	}
#ifdef HANTAR_SANITIZED
	/* The leak checker, at the very end, traces its own process. */
	(void)atexit(group_drop);
#endif
	hide();
}

bool
group_kept(void)
{
	return aside != none;
}

bool
group_is(gid_t gid)
{
	return aside != none && aside == gid;
}

bool
group_installed(void)
{
	struct stat st;

	return group_kept() ||
	    (stat("/proc/self/exe", &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP));
}

void
group_raise(void)
{
	int saved = errno;

	/* If it is refused the call that follows is, too. */
	if (aside != none)
		(void)(setegid(aside) < 0);
	errno = saved;
}

void
group_lower(void)
{
	int saved = errno;

	if (aside != none) {
		if (setegid(getgid()) < 0)
			refused();
		hide();
	}
	errno = saved;
}

void
group_drop(void)
{
	gid_t gid = getgid();
	gid_t real;
	gid_t effective;
	gid_t stored;

	if (aside == none)
		return;
	aside = none;
	if (setresgid(gid, gid, gid) < 0 ||
	    getresgid(&real, &effective, &stored) < 0 || real != gid ||
	    effective != gid || stored != gid)
		refused();
	hide();
}
