/*
 * The default system call filter: what programs use is allowed by name. Of the rest, what the kernel has but a container has no
 * business with gives EPERM; what is newer than this list gives ENOSYS, so that C libraries fall back to what they know.
 * Names that an architecture lacks do nothing there.
 */
#include "cli/default_spec.h"

#include <errno.h>
#include <sched.h>
#include <sys/socket.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

/*
 * The 32-bit calls of a 64-bit machine are a second door to the kernel, and one where a filter sees less: socket is behind
 * socketcall there, with its arguments in memory. Who has 32-bit programs adds their architecture.
 */
#if defined(__x86_64__)
#define ARCHITECTURE "SCMP_ARCH_X86_64"
#elif defined(__i386__)
#define ARCHITECTURE "SCMP_ARCH_X86"
#elif defined(__aarch64__)
#define ARCHITECTURE "SCMP_ARCH_AARCH64"
#elif defined(__arm__)
#define ARCHITECTURE "SCMP_ARCH_ARM"
#elif defined(__riscv)
#define ARCHITECTURE "SCMP_ARCH_RISCV64"
#elif defined(__s390x__)
#define ARCHITECTURE "SCMP_ARCH_S390X"
#elif defined(__powerpc64__)
#define ARCHITECTURE "SCMP_ARCH_PPC64LE"
#elif defined(__loongarch__)
#define ARCHITECTURE "SCMP_ARCH_LOONGARCH64"
#else
/* cppcheck-suppress preprocessorErrorDirective */
#error "add the name that libseccomp has for this architecture"
#endif

static const char *const allowed[] = {
	/* Files by descriptor */
	"close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 arm_fadvise64_64 fallocate fcntl",
	"fcntl64 fdatasync flock fstat fstat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 ioctl lseek _llseek pipe",
	"pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice sync",
	"sync_file_range sync_file_range2 arm_sync_file_range syncfs tee vmsplice write writev cachestat",
	/* Files by path */
	"access chdir chmod chown chown32 creat faccessat faccessat2 fchdir fchmod fchmodat fchmodat2 fchown fchown32",
	"fchownat fstatat64 futimesat getcwd getdents getdents64 lchown lchown32 link linkat lstat lstat64 mkdir",
	"mkdirat mknod mknodat newfstatat open openat openat2 readlink readlinkat rename renameat renameat2 rmdir stat",
	"stat64 statfs statfs64 statx symlink symlinkat truncate truncate64 umask unlink unlinkat utime utimensat",
	"utimensat_time64 utimes name_to_handle_at fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat",
	"lgetxattr listxattr listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr",
	"setxattrat fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch",
	/* Waiting for descriptors */
	"epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd",
	"eventfd2 _newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4 io_cancel",
	"io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit",
	/* Memory */
	"brk get_mempolicy madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall",
	"mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect",
	"remap_file_pages cacheflush modify_ldt arch_prctl set_thread_area get_thread_area set_tls breakpoint uretprobe",
	"riscv_flush_icache riscv_hwprobe",
	/* Processes and threads; clone and personality have rules of their own */
	"execve execveat exit exit_group fork vfork wait4 waitid waitpid getpgid getpgrp getpid getppid getsid gettid",
	"setpgid setsid set_robust_list get_robust_list set_tid_address rseq prctl ptrace pidfd_open pidfd_send_signal",
	"process_mrelease process_vm_readv process_vm_writev seccomp landlock_add_rule landlock_create_ruleset",
	"landlock_restrict_self lsm_get_self_attr lsm_set_self_attr lsm_list_modules getpriority setpriority getrlimit",
	"setrlimit ugetrlimit prlimit64 getrusage ioprio_get ioprio_set times sched_get_priority_max",
	"sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval",
	"sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield",
	"futex futex_time64 futex_requeue futex_wait futex_waitv futex_wake getcpu getrandom sysinfo uname",
	"restart_syscall",
	/* Who one is */
	"capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32",
	"getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups",
	"setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid",
	"setuid32",
	/* Signals and time */
	"kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend",
	"rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaction sigaltstack signal sigpending sigprocmask",
	"sigreturn sigsuspend tgkill tkill adjtimex alarm clock_adjtime clock_adjtime64 clock_getres",
	"clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer",
	"gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64",
	"timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime",
	"timerfd_settime64",
	/* Talking to others; socket has rules of its own */
	"accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64",
	"recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketpair ipc mq_getsetattr mq_notify mq_open",
	"mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd",
	"semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget",
};

static const char *const refused[] = {
	/* Making namespaces and mounts: the door to most of the kernel's privileged code */
	"fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount open_tree pivot_root setns statmount",
	"umount umount2 unshare chroot setdomainname sethostname",
	/* The host's kernel, time, devices, accounting and keys */
	"acct add_key bpf clock_settime clock_settime64 delete_module fanotify_init finit_module init_module ioperm",
	"iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages move_pages nfsservctl",
	"open_by_handle_at perf_event_open pidfd_getfd process_madvise query_module quotactl quotactl_fd reboot",
	"request_key set_mempolicy set_mempolicy_home_node settimeofday stime swapoff swapon syslog userfaultfd vhangup",
	"io_uring_enter io_uring_register io_uring_setup",
	/* Left over from another age */
	"bdflush _sysctl sysfs uselib ustat vm86 vm86old",
};

static void put_rule_begin(struct json *json, const char *action, int errno_ret)
{
	json_pair_string(json, "action", action);
	if (errno_ret)
		json_pair_int(json, "errnoRet", errno_ret);
}

/* One rule for all names of the lists. */
static void put_list(struct json *json, const char *const *lists, size_t count, const char *action, int errno_ret)
{
	json_object(json);
	json_key(json, "names");
	json_array(json);
	for (size_t i = 0; i < count; i++)
		default_put_words(json, lists[i]);
	json_array_end(json);
	put_rule_begin(json, action, errno_ret);
	json_object_end(json);
}

struct comparison {
	unsigned index;
	uint64_t value, value_two;
	const char *op;
};

static void put_rule(struct json *json, const char *name, const char *action, int errno_ret, const struct comparison *arg)
{
	json_object(json);
	json_key(json, "names");
	json_array(json);
	json_string(json, name);
	json_array_end(json);
	put_rule_begin(json, action, errno_ret);
	json_key(json, "args");
	json_array(json);
	json_object(json);
	json_pair_uint(json, "index", arg->index);
	json_pair_uint(json, "value", arg->value);
	if (arg->value_two)
		json_pair_uint(json, "valueTwo", arg->value_two);
	json_pair_string(json, "op", arg->op);
	json_object_end(json);
	json_array_end(json);
	json_object_end(json);
}

/* Threads, processes, but none in new namespaces. The flags of clone3 cannot be seen; without it the C libraries use clone. */
static void put_clone_rules(struct json *json)
{
	static const unsigned new_namespace[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
		                                  CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
#ifdef __s390x__
	const unsigned flags_argument = 1;
#else
	const unsigned flags_argument = 0;
#endif
	uint64_t all = 0;

	for (size_t i = 0; i < sizeof new_namespace / sizeof *new_namespace; i++) {
		struct comparison has = { flags_argument, new_namespace[i], new_namespace[i], "SCMP_CMP_MASKED_EQ" };

		put_rule(json, "clone", "SCMP_ACT_ERRNO", EPERM, &has);
		all |= new_namespace[i];
	}
	struct comparison none = { flags_argument, all, 0, "SCMP_CMP_MASKED_EQ" };

	put_rule(json, "clone", "SCMP_ACT_ALLOW", 0, &none);
}

/* PER_LINUX and PER_LINUX32, with UNAME26 or not, and the question which it is. */
static void put_personality_rules(struct json *json)
{
	static const uint64_t personalities[] = { 0, 0x8, 0x20000, 0x20008, 0xffffffff };

	for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++) {
		struct comparison is = { 0, personalities[i], 0, "SCMP_CMP_EQ" };

		put_rule(json, "personality", "SCMP_ACT_ALLOW", 0, &is);
	}
}

/*
 * The families that container networks are made of. The others load kernel modules that few people read (AF_ALG, AF_RDS,
 * AF_TIPC), or reach around the network namespace (AF_VSOCK). The kernel looks at the lower half of the argument only, so the
 * rules do too.
 */
static void put_socket_rules(struct json *json)
{
	static const unsigned families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };

	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		struct comparison is = { 0, UINT32_MAX, families[i], "SCMP_CMP_MASKED_EQ" };

		put_rule(json, "socket", "SCMP_ACT_ALLOW", 0, &is);
	}
}

void default_put_seccomp(struct json *json)
{
	json_object(json);
	json_pair_string(json, "defaultAction", "SCMP_ACT_ERRNO");
	json_pair_int(json, "defaultErrnoRet", ENOSYS);
	json_key(json, "architectures");
	json_array(json);
	json_string(json, ARCHITECTURE);
	json_array_end(json);
	json_key(json, "syscalls");
	json_array(json);
	put_list(json, allowed, sizeof allowed / sizeof *allowed, "SCMP_ACT_ALLOW", 0);
	put_clone_rules(json);
	put_personality_rules(json);
	put_socket_rules(json);
	put_list(json, refused, sizeof refused / sizeof *refused, "SCMP_ACT_ERRNO", EPERM);
	json_array_end(json);
	json_object_end(json);
}
