#include "runtime/program.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/emulate.h"

#include <ctype.h>
#include <elf.h>
#include <limits.h>
#include <linux/binfmts.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#define DEFAULT_PATH "/bin:/usr/bin"
#define INTERPRETERS 5       /* as many as the kernel follows */
#define PROGRAM_HEADERS 64

static int explain(const char *path, int code);

/* --- Finding ---------------------------------------------------------------------------------------------------------- */

/* May we execute what path names, as far as can be told without trying? 0 or -errno as execve would give it. */
static int probe(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	int r = (int)sys_result(syscall(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS));

	/* A filter of the container may be in force already and not let us ask. */
	if (r == -ENOSYS || r == -EPERM)
		r = st.st_mode & 0111 ? 0 : -EACCES;
	return r;
}

static const char *search_path(const struct strings *env)
{
	for (size_t i = env->count; i-- > 0;) { /* the last counts */
		if (strncmp(env->items[i], "PATH=", 5) == 0)
			return env->items[i] + 5;
	}
	return DEFAULT_PATH;
}

static int put_path(char *path, size_t size, const char *dir, size_t dir_length, const char *name)
{
	int n = snprintf(path, size, "%.*s%s%s", (int)dir_length, dir, dir_length ? "/" : "", name);

	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static int search(const char *name, const char *dirs, char *path, size_t size)
{
	const char *denied = NULL;
	size_t denied_length = 0;

	for (const char *dir = dirs;; dir++) {
		size_t length = strcspn(dir, ":");
		int r = put_path(path, size, dir, length, name);

		if (r >= 0)
			r = probe(path);
		if (r >= 0)
			return 0;
		if (r == -EACCES && !denied) {
			denied = dir;
			denied_length = length;
		}
		dir += length;
		if (!*dir)
			break;
	}
	if (!denied)
		return fail(ENOENT, "exec: \"%s\": executable file not found in $PATH (%s)", name, dirs);
	put_path(path, size, denied, denied_length, name);
	return explain(path, EACCES);
}

/*
 * The reason in lower case, as Go writes it: Docker's command line knows by "no such file or directory" and "permission denied"
 * that it is to exit with 127 or 126.
 */
static int as_docker_reads_it(int r)
{
	char *text = error_record()->text;
	size_t length = strlen(text);
	const char *reason = r < 0 ? strerror(-r) : "";
	size_t reason_length = strlen(reason);

	if (reason_length > 1 && islower((unsigned char)reason[1]) && length >= reason_length &&
	    strcmp(text + length - reason_length, reason) == 0)
		text[length - reason_length] = (char)tolower((unsigned char)*reason);
	return r;
}

static int find(const struct strings *args, const struct strings *env, char *path, size_t size)
{
	const char *name = args->count ? args->items[0] : NULL;

	if (!name)
		return refuse(EINVAL, "/process/args: there is no program to execute");
	if (!*name)
		return fail(ENOENT, "exec: \"\": executable file not found in $PATH");
	if (strlen(name) >= size || (!strchr(name, '/') && strlen(name) > NAME_MAX))
		return fail(ENAMETOOLONG, "exec: \"%.64s...\"", name);
	if (!strchr(name, '/'))
		return search(name, search_path(env), path, size);
	memcpy(path, name, strlen(name) + 1);
	int r = probe(path);

	return r < 0 ? explain(path, -r) : 0;
}

int program_find(const struct strings *args, const struct strings *env, char *path, size_t size)
{
	return as_docker_reads_it(find(args, env, path, size));
}

/* --- Explaining ------------------------------------------------------------------------------------------------------- */

static const struct {
	unsigned machine;
	const char *name;
} machines[] = {
	{ EM_386, "i386" },
	{ EM_X86_64, "x86_64" },
	{ EM_ARM, "arm" },
	{ EM_AARCH64, "aarch64" },
	{ EM_RISCV, "riscv" },
	{ EM_PPC, "ppc" },
	{ EM_PPC64, "ppc64" },
	{ EM_S390, "s390x" },
	{ EM_MIPS, "mips" },
	{ EM_SPARCV9, "sparc64" },
	{ 258, "loongarch" },
};

/* The beginning of a program, and what it needs to run. */
struct head {
	size_t size;
	union {
		char text[BINPRM_BUF_SIZE];
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr elf32;
		Elf64_Ehdr elf64;
	};
};

static bool is_elf(const struct head *head)
{
	return head->size >= sizeof head->elf32 && memcmp(head->ident, ELFMAG, SELFMAG) == 0;
}

static bool is_native_order(const struct head *head)
{
	return head->ident[EI_DATA] == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB);
}

/* The field is at the same place in both classes. */
static unsigned machine_of(const struct head *head)
{
	unsigned machine = head->elf32.e_machine;

	return is_native_order(head) ? machine : __builtin_bswap16((uint16_t)machine);
}

static const char *machine_name(const struct head *head)
{
	unsigned machine = machine_of(head);

	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		if (machines[i].machine == machine)
			return machines[i].name;
	}
	return "another machine";
}

/* The interpreter of a "#!" line. */
static bool script_interpreter(const struct head *head, char *interpreter, size_t size)
{
	char line[sizeof head->text + 1];

	if (head->size < 2 || memcmp(head->text, "#!", 2) != 0)
		return false;
	memcpy(line, head->text, head->size);
	line[head->size] = 0;
	line[strcspn(line, "\n")] = 0;
	const char *start = line + 2 + strspn(line + 2, " \t");

	snprintf(interpreter, size, "%.*s", (int)strcspn(start, " \t"), start);
	return *interpreter;
}

/* Where a 64-bit (native) or 32-bit program names its loader: offset and size in the file. */
static bool loader_place(int fd, const struct head *head, uint64_t *offset, uint64_t *length)
{
	bool wide = head->ident[EI_CLASS] == ELFCLASS64;
	uint64_t table = wide ? head->elf64.e_phoff : head->elf32.e_phoff;
	unsigned count = wide ? head->elf64.e_phnum : head->elf32.e_phnum;

	for (unsigned i = 0; i < count && i < PROGRAM_HEADERS; i++) {
		union {
			Elf64_Phdr wide;
			Elf32_Phdr narrow;
		} segment;
		size_t entry = wide ? sizeof segment.wide : sizeof segment.narrow;

		if (pread(fd, &segment, entry, (off_t)(table + i * entry)) != (ssize_t)entry)
			return false;
		if ((wide ? segment.wide.p_type : segment.narrow.p_type) != PT_INTERP)
			continue;
		*offset = wide ? segment.wide.p_offset : segment.narrow.p_offset;
		*length = wide ? segment.wide.p_filesz : segment.narrow.p_filesz;
		return true;
	}
	return false;
}

static bool elf_loader(int fd, const struct head *head, char *loader, size_t size)
{
	uint64_t offset, length;

	if (!is_elf(head) || !is_native_order(head) || !loader_place(fd, head, &offset, &length) || length >= size)
		return false;
	if (pread(fd, loader, (size_t)length, (off_t)offset) != (ssize_t)length)
		return false;
	loader[length] = 0;
	return *loader;
}

/* Open path to see what it is; a descriptor, or -1 when it cannot be read. */
static int open_head(const char *path, struct head *head)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head->text, sizeof head->text);

	head->size = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : steal_fd(&fd);
}

/* What path needs to run, and as what ("interpreter", "loader"); false: nothing, or it cannot be told. */
static bool needs(const char *path, const char **what, char *needed, size_t size)
{
	struct head head;
	_cleanup_fd_ int fd = open_head(path, &head);

	if (fd < 0)
		return false;
	*what = "interpreter (#!)";
	if (script_interpreter(&head, needed, size))
		return true;
	*what = "loader";
	return elf_loader(fd, &head, needed, size);
}

/* The shortest part of path that cannot be searched, in part; false: all can. */
static bool unsearchable(const char *path, char *part, size_t size)
{
	for (const char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, size, "%.*s", (int)(slash - path), path);
		if (syscall(SYS_faccessat2, AT_FDCWD, part, X_OK, AT_EACCESS) < 0 && errno == EACCES)
			return true;
	}
	return false;
}

/* Each of these returns -code with the record filled, or 0 when the reason is not in path itself. EACCES: */
static int explain_denied(const char *path)
{
	char part[PATH_MAX];
	struct statvfs fs;
	struct stat st;

	if (unsearchable(path, part, sizeof part))
		return fail(EACCES, "\"%s\": no permission to search %s", path, part);
	if (stat(path, &st) < 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return fail(EACCES, "\"%s\": is a directory", path);
	if (!S_ISREG(st.st_mode))
		return fail(EACCES, "\"%s\": is not a regular file", path);
	if (!(st.st_mode & 0111))
		return fail(EACCES, "\"%s\": is not executable (its mode is %04o)", path, st.st_mode & 07777);
	if (statvfs(path, &fs) == 0 && fs.f_flag & ST_NOEXEC)
		return fail(EACCES, "\"%s\": is on a file system mounted noexec", path);
	if (probe(path) == -EACCES)
		return fail(EACCES, "\"%s\": user %u, group %u may not execute it (its mode is %04o, its owner %u:%u)", path,
		            geteuid(), getegid(), st.st_mode & 07777, st.st_uid, st.st_gid);
	return 0;
}

/* ENOENT: */
static int explain_missing(const char *path)
{
	char target[PATH_MAX];
	struct stat st;

	if (stat(path, &st) == 0)
		return 0;
	ssize_t n = readlink(path, target, sizeof target - 1);

	if (n < 0)
		return fail(ENOENT, "\"%s\"", path);
	target[n] = 0;
	return fail(ENOENT, "\"%s\": is a symbolic link to %s, which is missing", path, target);
}

/* ENOEXEC: */
static int explain_format(const char *path)
{
	struct utsname here;
	struct head head;
	_cleanup_fd_ int fd = open_head(path, &head);

	if (fd < 0)
		return fail(ENOEXEC, "\"%s\"", path);
	if (head.size == 0)
		return fail(ENOEXEC, "\"%s\": is an empty file", path);
	if (!is_elf(&head))
		return fail(ENOEXEC, "\"%s\": is not a program (a script must begin with #! and an interpreter)", path);
	if (uname(&here) < 0 || strcmp(machine_name(&head), here.machine) == 0)
		return fail(ENOEXEC, "\"%s\": is a damaged program", path);
	const char *emulator = emulate_program(head.ident[EI_CLASS], head.ident[EI_DATA], machine_of(&head), here.machine);

	if (!emulator)
		return fail(ENOEXEC, "\"%s\": is a program for %s; this machine is %s", path, machine_name(&head), here.machine);
	return fail(ENOEXEC, "\"%s\": is a program for %s; this machine is %s (the annotation org.berth.emulate=true runs it by the host's %s, "
	            "of " EMULATE_PACKAGE ")", path, machine_name(&head), here.machine, emulator);
}

static int explain_file(const char *path, int code)
{
	switch (code) {
	case ENOENT:
		return explain_missing(path);
	case EACCES:
		return explain_denied(path);
	case ENOEXEC:
		return explain_format(path);
	case ETXTBSY:
		return fail(code, "\"%s\": is open for writing", path);
	case E2BIG:
		return fail(code, "\"%s\": args and env together are too long", path);
	default:
		return 0;
	}
}

static int explain(const char *path, int code)
{
	char current[PATH_MAX], needed[PATH_MAX];
	const char *what = NULL;

	if (explain_file(path, code) < 0)
		return context(-code, "exec");
	snprintf(current, sizeof current, "%s", path);
	/* Not the file itself, so what it needs to run, and what that needs. */
	for (int depth = 0; depth < INTERPRETERS && needs(current, &what, needed, sizeof needed); depth++) {
		if (explain_file(needed, code) < 0)
			return context(-code, "exec: \"%s\": its %s%s", path, what,
			               strchr(needed, '\r') ? " (the line ends in a carriage return)" : "");
		snprintf(current, sizeof current, "%s", needed);
	}
	return fail(code, "exec: \"%s\"%s", path, code == EACCES ? ": a security module may forbid it" : "");
}

int program_explain(const char *path, int code)
{
	return as_docker_reads_it(explain(path, code));
}
