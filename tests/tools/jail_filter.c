/*
 * jail_filter.c - system calls that a program in a jail does not have
 *
 * Memory that no process maps, as a segment of System V or a memfd holds it,
 * is in nobody's resident set, so the keeper could not limit it; a thousand
 * sets of semaphores are two gigabytes of the kernel's. The others reach parts
 * of the kernel that no program of a lab has any use for. They all fail with
 * ENOSYS, as on a kernel that was built without them, and so does all that is
 * called by another architecture's convention, which has other numbers.
 *
 * Next: jail_inside.c, which calls this as the program's last act before exec.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "jail.h"

/* Where it is not known, nothing but the native convention is expected. */
#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#endif

/* x32 has the architecture of x86-64, and this in all its numbers. */
#define FIRST_OF_X32 0x40000000U

#define FIELD(name) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)
/* DENY follows: jump over it unless the comparison says so. */
#define UNLESS(comparison, value) \
	BPF_JUMP(BPF_JMP | (comparison) | BPF_K, (uint32_t)(value), 0, 1)
#define WITHOUT(number) UNLESS(BPF_JEQ, number), DENY

void jail_filter(void)
{
	struct sock_filter filter[] = {
#ifdef NATIVE_ARCH
		FIELD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		DENY,
#endif
		FIELD(nr),
		UNLESS(BPF_JGE, FIRST_OF_X32),
		DENY,
		WITHOUT(SYS_shmget),
		WITHOUT(SYS_semget),
		WITHOUT(SYS_msgget),
		WITHOUT(SYS_memfd_create),
		WITHOUT(SYS_add_key),
		WITHOUT(SYS_request_key),
		WITHOUT(SYS_keyctl),
		WITHOUT(SYS_bpf),
		WITHOUT(SYS_perf_event_open),
		WITHOUT(SYS_userfaultfd),
		WITHOUT(SYS_io_uring_setup),
		ALLOW,
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(*filter),
		.filter = filter,
	};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		jail_broken("taking system calls away");
}
