#include "oci/names.h"

#include "oci/spec.h"

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/resource.h>

/* Newer than the kernel headers of Debian 12. */
#define BERTH_MPOL_WEIGHTED_INTERLEAVE 6

/* The policies of sched(7): the C libraries do not name them all. */
enum { POLICY_OTHER, POLICY_FIFO, POLICY_RR, POLICY_BATCH, POLICY_ISO, POLICY_IDLE, POLICY_DEADLINE };

#define NAME(text, value) { text, value, sizeof(text) - 1 }
#define NAMES(list) { sizeof(list) / sizeof(*(list)), list }
#define CAP(text, number) NAME("CAP_" text, UINT64_C(1) << (number))

static const struct name capabilities[] = {
	CAP("CHOWN", 0),
	CAP("DAC_OVERRIDE", 1),
	CAP("DAC_READ_SEARCH", 2),
	CAP("FOWNER", 3),
	CAP("FSETID", 4),
	CAP("KILL", 5),
	CAP("SETGID", 6),
	CAP("SETUID", 7),
	CAP("SETPCAP", 8),
	CAP("LINUX_IMMUTABLE", 9),
	CAP("NET_BIND_SERVICE", 10),
	CAP("NET_BROADCAST", 11),
	CAP("NET_ADMIN", 12),
	CAP("NET_RAW", 13),
	CAP("IPC_LOCK", 14),
	CAP("IPC_OWNER", 15),
	CAP("SYS_MODULE", 16),
	CAP("SYS_RAWIO", 17),
	CAP("SYS_CHROOT", 18),
	CAP("SYS_PTRACE", 19),
	CAP("SYS_PACCT", 20),
	CAP("SYS_ADMIN", 21),
	CAP("SYS_BOOT", 22),
	CAP("SYS_NICE", 23),
	CAP("SYS_RESOURCE", 24),
	CAP("SYS_TIME", 25),
	CAP("SYS_TTY_CONFIG", 26),
	CAP("MKNOD", 27),
	CAP("LEASE", 28),
	CAP("AUDIT_WRITE", 29),
	CAP("AUDIT_CONTROL", 30),
	CAP("SETFCAP", 31),
	CAP("MAC_OVERRIDE", 32),
	CAP("MAC_ADMIN", 33),
	CAP("SYSLOG", 34),
	CAP("WAKE_ALARM", 35),
	CAP("BLOCK_SUSPEND", 36),
	CAP("AUDIT_READ", 37),
	CAP("PERFMON", 38),
	CAP("BPF", 39),
	CAP("CHECKPOINT_RESTORE", 40),
};
const struct names names_capabilities = NAMES(capabilities);

static const struct name rlimits[] = {
	NAME("RLIMIT_AS", RLIMIT_AS),
	NAME("RLIMIT_CORE", RLIMIT_CORE),
	NAME("RLIMIT_CPU", RLIMIT_CPU),
	NAME("RLIMIT_DATA", RLIMIT_DATA),
	NAME("RLIMIT_FSIZE", RLIMIT_FSIZE),
	NAME("RLIMIT_LOCKS", RLIMIT_LOCKS),
	NAME("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK),
	NAME("RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE),
	NAME("RLIMIT_NICE", RLIMIT_NICE),
	NAME("RLIMIT_NOFILE", RLIMIT_NOFILE),
	NAME("RLIMIT_NPROC", RLIMIT_NPROC),
	NAME("RLIMIT_RSS", RLIMIT_RSS),
	NAME("RLIMIT_RTPRIO", RLIMIT_RTPRIO),
	NAME("RLIMIT_RTTIME", RLIMIT_RTTIME),
	NAME("RLIMIT_SIGPENDING", RLIMIT_SIGPENDING),
	NAME("RLIMIT_STACK", RLIMIT_STACK),
};
const struct names names_rlimits = NAMES(rlimits);

static const struct name sched_policies[] = {
	NAME("SCHED_OTHER", POLICY_OTHER),
	NAME("SCHED_FIFO", POLICY_FIFO),
	NAME("SCHED_RR", POLICY_RR),
	NAME("SCHED_BATCH", POLICY_BATCH),
	NAME("SCHED_ISO", POLICY_ISO),
	NAME("SCHED_IDLE", POLICY_IDLE),
	NAME("SCHED_DEADLINE", POLICY_DEADLINE),
};
const struct names names_sched_policies = NAMES(sched_policies);

static const struct name sched_flags[] = {
	NAME("SCHED_FLAG_RESET_ON_FORK", 0x01),
	NAME("SCHED_FLAG_RECLAIM", 0x02),
	NAME("SCHED_FLAG_DL_OVERRUN", 0x04),
	NAME("SCHED_FLAG_KEEP_POLICY", 0x08),
	NAME("SCHED_FLAG_KEEP_PARAMS", 0x10),
	NAME("SCHED_FLAG_UTIL_CLAMP_MIN", 0x20),
	NAME("SCHED_FLAG_UTIL_CLAMP_MAX", 0x40),
};
const struct names names_sched_flags = NAMES(sched_flags);

static const struct name io_classes[] = {
	NAME("IOPRIO_CLASS_RT", IOPRIO_CLASS_RT),
	NAME("IOPRIO_CLASS_BE", IOPRIO_CLASS_BE),
	NAME("IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE),
};
const struct names names_io_classes = NAMES(io_classes);

/* In the order of enum namespace_type. */
static const struct name namespaces[] = {
	NAME("mount", NS_MOUNT),
	NAME("pid", NS_PID),
	NAME("network", NS_NETWORK),
	NAME("uts", NS_UTS),
	NAME("ipc", NS_IPC),
	NAME("user", NS_USER),
	NAME("cgroup", NS_CGROUP),
	NAME("time", NS_TIME),
};
const struct names names_namespaces = NAMES(namespaces);

static const struct name propagation[] = {
	NAME("private", PROPAGATION_PRIVATE),
	NAME("shared", PROPAGATION_SHARED),
	NAME("slave", PROPAGATION_SLAVE),
	NAME("unbindable", PROPAGATION_UNBINDABLE),
	/*
	 * The text has the four above. Engines also write these: Kubernetes' interface "rshared", for a volume that is mounted in both
	 * directions. What is mounted in the container has a propagation of its own, which is private or slave unless it says another.
	 */
	NAME("rprivate", PROPAGATION_PRIVATE),
	NAME("rshared", PROPAGATION_SHARED_BELOW),
	NAME("rslave", PROPAGATION_SLAVE),
	NAME("runbindable", PROPAGATION_UNBINDABLE_BELOW),
};
const struct names names_propagation = NAMES(propagation);

static const struct name seccomp_actions[] = {
	NAME("SCMP_ACT_ALLOW", SECCOMP_ALLOW),
	NAME("SCMP_ACT_ERRNO", SECCOMP_ERRNO),
	NAME("SCMP_ACT_KILL", SECCOMP_KILL_THREAD),
	NAME("SCMP_ACT_KILL_PROCESS", SECCOMP_KILL_PROCESS),
	NAME("SCMP_ACT_KILL_THREAD", SECCOMP_KILL_THREAD),
	NAME("SCMP_ACT_LOG", SECCOMP_LOG),
	NAME("SCMP_ACT_NOTIFY", SECCOMP_NOTIFY),
	NAME("SCMP_ACT_TRACE", SECCOMP_TRACE),
	NAME("SCMP_ACT_TRAP", SECCOMP_TRAP),
};
const struct names names_seccomp_actions = NAMES(seccomp_actions);

static const struct name seccomp_archs[] = {
	NAME("SCMP_ARCH_X86", 0),
	NAME("SCMP_ARCH_X86_64", 0),
	NAME("SCMP_ARCH_X32", 0),
	NAME("SCMP_ARCH_ARM", 0),
	NAME("SCMP_ARCH_AARCH64", 0),
	NAME("SCMP_ARCH_LOONGARCH64", 0),
	NAME("SCMP_ARCH_M68K", 0),
	NAME("SCMP_ARCH_MIPS", 0),
	NAME("SCMP_ARCH_MIPS64", 0),
	NAME("SCMP_ARCH_MIPS64N32", 0),
	NAME("SCMP_ARCH_MIPSEL", 0),
	NAME("SCMP_ARCH_MIPSEL64", 0),
	NAME("SCMP_ARCH_MIPSEL64N32", 0),
	NAME("SCMP_ARCH_PARISC", 0),
	NAME("SCMP_ARCH_PARISC64", 0),
	NAME("SCMP_ARCH_PPC", 0),
	NAME("SCMP_ARCH_PPC64", 0),
	NAME("SCMP_ARCH_PPC64LE", 0),
	NAME("SCMP_ARCH_RISCV64", 0),
	NAME("SCMP_ARCH_S390", 0),
	NAME("SCMP_ARCH_S390X", 0),
	NAME("SCMP_ARCH_SH", 0),
	NAME("SCMP_ARCH_SHEB", 0),
};
const struct names names_seccomp_archs = NAMES(seccomp_archs);

/* enum scmp_compare of libseccomp */
static const struct name seccomp_operators[] = {
	NAME("SCMP_CMP_NE", 1),
	NAME("SCMP_CMP_LT", 2),
	NAME("SCMP_CMP_LE", 3),
	NAME("SCMP_CMP_EQ", 4),
	NAME("SCMP_CMP_GE", 5),
	NAME("SCMP_CMP_GT", 6),
	NAME("SCMP_CMP_MASKED_EQ", 7),
};
const struct names names_seccomp_operators = NAMES(seccomp_operators);

static const struct name seccomp_flags[] = {
	NAME("SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC),
	NAME("SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG),
	NAME("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	NAME("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
};
const struct names names_seccomp_flags = NAMES(seccomp_flags);

static const struct name memory_policy_modes[] = {
	NAME("MPOL_DEFAULT", MPOL_DEFAULT),
	NAME("MPOL_BIND", MPOL_BIND),
	NAME("MPOL_INTERLEAVE", MPOL_INTERLEAVE),
	NAME("MPOL_WEIGHTED_INTERLEAVE", BERTH_MPOL_WEIGHTED_INTERLEAVE),
	NAME("MPOL_PREFERRED", MPOL_PREFERRED),
	NAME("MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY),
	NAME("MPOL_LOCAL", MPOL_LOCAL),
};
const struct names names_memory_policy_modes = NAMES(memory_policy_modes);

static const struct name memory_policy_flags[] = {
	NAME("MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING),
	NAME("MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES),
	NAME("MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES),
};
const struct names names_memory_policy_flags = NAMES(memory_policy_flags);

static const struct name personalities[] = {
	NAME("LINUX", PER_LINUX),
	NAME("LINUX32", PER_LINUX32),
};
const struct names names_personalities = NAMES(personalities);

const struct name *names_find(const struct names *names, const char *text, size_t length)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct name *name = &names->items[i];

		if (name->length == length && memcmp(name->text, text, length) == 0)
			return name;
	}
	return NULL;
}

const struct name *names_of_value(const struct names *names, uint64_t value)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i].value == value)
			return &names->items[i];
	return NULL;
}
