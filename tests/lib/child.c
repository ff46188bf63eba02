/* SPDX-License-Identifier: ISC */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "child: %s: %s\n", what, strerror(errno));
	_exit(99);
}

int
child_run(int (*f)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(f(arg));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

void
child_refuse(const struct refusal *r, size_t n)
{
	enum { EACH = 5, MOST = 16 };
	struct sock_filter f[EACH * MOST + 1];
	struct sock_fprog program = {.filter = f};
	unsigned short at = 0;

	must(n <= MOST, "too many refusals");
	for (; n > 0; n--, r++) {
		unsigned arg = r->arg ? r->arg - 1 : 0;
		unsigned from = (unsigned)offsetof(struct seccomp_data, args) +
		    8 * arg +
		    (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4);

		f[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr));
		f[at++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (unsigned)r->call, 0, 3);
		f[at++] = (struct sock_filter)BPF_STMT(
		    BPF_LD | BPF_W | BPF_ABS, from);
		f[at++] = r->arg
		    ? (struct sock_filter)BPF_JUMP(
			  BPF_JMP | BPF_JEQ | BPF_K, r->value, 0, 1)
		    : (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0);
		f[at++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)r->error);
	}
	f[at++] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = at;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
	    "seccomp");
}

void
child_no_libraries(void)
{
	/* As the loader opens, and in tests nobody else. */
	static const struct refusal refusal = {.call = SYS_openat,
	    .error = ENOENT,
	    .arg = 3,
	    .value = O_RDONLY | O_CLOEXEC};

	child_refuse(&refusal, 1);
}

void
child_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t n = strlen(text);

	must(fd >= 0 && write(fd, text, n) == (ssize_t)n, path);
	(void)close(fd);
}

/* A namespace of its own; who is not root becomes it by one of users. */
static void
leave(void)
{
	static bool left;
	unsigned uid = geteuid();
	unsigned gid = getegid();
	char text[64];

	if (left)
		return;
	left = true;
	must(unshare(CLONE_NEWNS | CLONE_NEWUTS | (uid ? CLONE_NEWUSER : 0)) ==
		0,
	    "unshare");
	if (uid) {
		child_put("/proc/self/setgroups", "deny");
		(void)snprintf(text, sizeof(text), "0 %u 1", uid);
		child_put("/proc/self/uid_map", text);
		(void)snprintf(text, sizeof(text), "0 %u 1", gid);
		child_put("/proc/self/gid_map", text);
	}
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "mount");
}

void
child_own(const char *folder)
{
	leave();
	must(mount("tmpfs", folder, "tmpfs", 0, NULL) == 0, folder);
}
