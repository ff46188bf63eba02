/* SPDX-License-Identifier: ISC */
#include "os/become.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "os/proc.h"

enum { NOBODY = 65534 };

struct other {
	uid_t uid;
	gid_t gid;
};

/*
 * The file is read, and nobody asked (getpwnam): what reports that the network
 * is down must not wait for a database that is there.
 */
static struct other
find(void)
{
	struct other other = {NOBODY, NOBODY};
	const struct passwd *pw;
	FILE *users = fopen("/etc/passwd", "re");

	if (users == NULL)
		return other;
	/* cppcheck-suppress fgetpwentCalled; hantar has no threads */
	while ((pw = fgetpwent(users)) != NULL)
		if (strcmp(pw->pw_name, HANTAR_USER) == 0) {
			other = (struct other){pw->pw_uid, pw->pw_gid};
			break;
		}
	(void)fclose(users);
	return other;
}

/* Without a right, or where a namespace has no such user. */
static int
refused(struct err *e, const char *what)
{
	bool lacking = errno == EPERM || errno == EINVAL;

	err_sys(e, "another user than root (%s)", what);
	return lacking ? 1 : -1;
}

static bool
is_other(struct other other)
{
	uid_t uid[3];
	gid_t gid[3];

	if (getresuid(&uid[0], &uid[1], &uid[2]) < 0 ||
	    getresgid(&gid[0], &gid[1], &gid[2]) < 0 || getgroups(0, NULL) != 0)
		return false;
	for (int i = 0; i < 3; i++)
		if (uid[i] != other.uid || gid[i] != other.gid)
			return false;
	/* There are bits that leave root's rights to who is root no more. */
	return other.uid == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) < 0;
}

int
become_other(struct err *e)
{
	pid_t parent = getppid();
	struct other other;

	if (geteuid() != 0)
		return 0;
	other = find();
	if (setgroups(0, NULL) < 0)
		return refused(e, "setgroups");
	if (setresgid(other.gid, other.gid, other.gid) < 0)
		return refused(e, "setresgid");
	if (setresuid(other.uid, other.uid, other.uid) < 0)
		return refused(e, "setresuid");
	if (!is_other(other))
		return err_set(
		    e, ERR_SYSTEM, "the rights of root cannot be given up");
	proc_follow(parent);
#ifdef HANTAR_SANITIZED
	/* The leak checker, at the very end, traces its own process. */
	(void)prctl(PR_SET_DUMPABLE, 1);
#else
	/* Whoever else is that user may not look into it (J-16). */
	(void)prctl(PR_SET_DUMPABLE, 0);
#endif
	return 0;
}
