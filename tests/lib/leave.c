/* SPDX-License-Identifier: ISC */
/*
 * Children of tests end with _exit, and a build for coverage would lose what
 * they ran: here it is written first.  In other builds there is nothing to
 * write.  Who was root and has become somebody else may write it still: he
 * keeps what root may do, without its being in force before.  Who has locked
 * himself in cannot, and loses it all the same.
 */
#include <linux/capability.h>
#include <stdnoreturn.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void __gcov_dump(void) __attribute__((weak));
noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);

static __attribute__((constructor)) void
keep(void)
{
	if (__gcov_dump)
		(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
}

static void
use(void)
{
	struct __user_cap_header_struct head = {
	    .version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	(void)syscall(SYS_capset, &head, data);
}

noreturn void
__wrap__exit(int status)
{
	if (__gcov_dump) {
		use();
		__gcov_dump();
	}
	__real__exit(status);
}
