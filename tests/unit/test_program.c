/* Finding a program, and the reasons given when the kernel does not execute one: each is provoked by an execve of its own. */
#include "base/sys.h"
#include "runtime/program.h"
#include "tests/unit/child.h"

#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static char dir[64];

static int make_directory(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/berth-test-XXXXXX");
	return mkdtemp(dir) && chmod(dir, 0755) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", dir);
	return system(command);
}

struct path {
	char text[256];
};

static struct path in_dir(const char *name)
{
	struct path path;

	snprintf(path.text, sizeof path.text, "%s/%s", dir, name);
	return path;
}

static struct path make_file(const char *name, mode_t mode, const void *data, size_t size)
{
	struct path path = in_dir(name);
	_cleanup_fd_ int fd = open(path.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0 && write_all(fd, data, size) == 0 && fchmod(fd, mode) == 0);
	return path;
}

static struct path make_script(const char *name, mode_t mode, const char *text)
{
	return make_file(name, mode, text, strlen(text));
}

/* --- Finding ---------------------------------------------------------------------------------------------------------- */

static char arg[256], path_variable[512], other_variable[] = "PATHS=/nowhere";
static char *args_list[] = { arg, NULL }, *env_list[] = { other_variable, path_variable, NULL };

/* As program_find, with PATH= path (NULL: none). */
static int find(const char *name, const char *path, char *found)
{
	const struct strings args = { true, 1, args_list }, env = { true, path ? 2 : 1, env_list };

	snprintf(arg, sizeof arg, "%s", name);
	if (path)
		snprintf(path_variable, sizeof path_variable, "PATH=%s", path);
	return program_find(&args, &env, found, 4096);
}

static void test_found(void **state)
{
	char found[4096], path[400];
	struct path sub = in_dir("sub");

	(void)state;
	assert_int_equal(mkdir(sub.text, 0755), 0);
	struct path tool = make_script("tool", 0755, "#!/bin/sh\n"), second = make_script("sub/tool", 0755, "#!/bin/sh\n");

	snprintf(path, sizeof path, "/nowhere:%s:%s", sub.text, dir);
	assert_int_equal(find("tool", path, found), 0);
	assert_string_equal(found, second.text);
	/* what cannot be executed is passed over, as is a directory */
	assert_int_equal(chmod(second.text, 0644), 0);
	assert_int_equal(find("tool", path, found), 0);
	assert_string_equal(found, tool.text);
	assert_int_equal(unlink(second.text), 0);
	assert_int_equal(mkdir(second.text, 0755), 0);
	assert_int_equal(find("tool", path, found), 0);
	assert_string_equal(found, tool.text);
	/* a slash anywhere means no search */
	assert_int_equal(find(tool.text, "/nowhere", found), 0);
	assert_string_equal(found, tool.text);
	assert_int_equal(find("sub/tool", path, found), -ENOENT);
	/* the default, without PATH */
	assert_int_equal(find("sh", NULL, found), 0);
	assert_string_equal(found, "/bin/sh");
}

/* An empty entry is the working directory: at the beginning, in the middle, at the end. */
static void find_in_working_directory(const void *unused)
{
	static const char *const paths[] = { "", ":", ":/nowhere", "/nowhere:", "/nowhere::/nowhere" };
	char found[4096];

	(void)unused;
	require(chdir(dir) == 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		require(find("here", paths[i], found) == 0 && strcmp(found, "here") == 0);
	require(find("here", "/nowhere", found) == -ENOENT);
	require(find("./here", "/nowhere", found) == 0 && strcmp(found, "./here") == 0);
}

static void test_working_directory(void **state)
{
	(void)state;
	make_script("here", 0755, "#!/bin/sh\n");
	assert_true(child_succeeds(find_in_working_directory, NULL));
}

static void test_not_found(void **state)
{
	const struct strings none = { 0 };
	char found[4096];

	(void)state;
	assert_int_equal(find("no-such-tool", "/bin:/nowhere", found), -ENOENT);
	assert_string_equal(error_record()->text, "exec: \"no-such-tool\": executable file not found in $PATH (/bin:/nowhere): "
	                                          "no such file or directory");
	assert_int_equal(find("", "/bin", found), -ENOENT);
	assert_non_null(strstr(error_record()->text, "exec: \"\": executable file not found in $PATH"));
	assert_int_equal(program_find(&none, &none, found, sizeof found), -EINVAL);

	struct path plain = make_script("plain", 0644, "#!/bin/sh\n");

	assert_int_equal(find("plain", dir, found), -EACCES);
	assert_non_null(strstr(error_record()->text, plain.text));
	assert_non_null(strstr(error_record()->text, "is not executable (its mode is 0644): permission denied"));
}

/* With a filter in force that denies faccessat2 and calls newer than itself, the mode decides. */
static void find_under_filter(const void *argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_faccessat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | *(const unsigned *)argument),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { 4, code };
	char found[4096];

	require(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	require(find("here", dir, found) == 0);
	require(find("plain", dir, found) == -EACCES);
}

static void test_under_a_filter(void **state)
{
	static const unsigned codes[] = { ENOSYS, EPERM };

	(void)state;
	make_script("here", 0755, "#!/bin/sh\n");
	make_script("plain", 0644, "#!/bin/sh\n");
	assert_true(child_succeeds(find_under_filter, &codes[0]));
	assert_true(child_succeeds(find_under_filter, &codes[1]));
}

/* --- Explaining ------------------------------------------------------------------------------------------------------- */

/* Execute path in a child as user uid; what program_explain says of the error that comes back. */
static const char *explain_as(uid_t uid, const char *path)
{
	static char text[ERROR_TEXT_SIZE];
	char *const none[] = { NULL };
	char name[256], *const argv[] = { name, NULL };
	int pipes[2];

	snprintf(name, sizeof name, "%s", path);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(CHILD_FAILED);
		execve(path, argv, none);
		int code = errno;

		if (program_explain(path, code) != -code || error_record()->code != code)
			_exit(CHILD_FAILED);
		(void)write_all(pipes[1], error_record()->text, strlen(error_record()->text) + 1);
		_exit(0);
	}
	close(pipes[1]);
	ssize_t n = read(pipes[0], text, sizeof text);

	close(pipes[0]);
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return n > 0 ? text : "it was executed";
}

static void explained_as(uid_t uid, const char *path, const char *reason)
{
	char wanted[ERROR_TEXT_SIZE];

	snprintf(wanted, sizeof wanted, "exec: \"%s\": %s", path, reason);
	assert_string_equal(explain_as(uid, path), wanted);
}

static void explained(const char *path, const char *reason)
{
	explained_as(0, path, reason);
}

static void test_missing(void **state)
{
	(void)state;
	explained(in_dir("missing").text, "no such file or directory");
	assert_int_equal(symlink("/nowhere/tool", in_dir("dangling").text), 0);
	explained(in_dir("dangling").text, "is a symbolic link to /nowhere/tool, which is missing: no such file or directory");
	make_script("plain", 0755, "#!/bin/sh\n");
	explained(in_dir("plain/below").text, "not a directory");
}

static void test_permission(void **state)
{
	char reason[512];

	(void)state;
	explained(dir, "is a directory: permission denied");
	explained("/dev/null", "is not a regular file: permission denied");
	explained(make_script("plain", 0644, "#!/bin/sh\n").text, "is not executable (its mode is 0644): permission denied");
	explained_as(1000, make_script("private", 0700, "#!/bin/sh\n").text,
	             "user 1000, group 1000 may not execute it (its mode is 0700, its owner 0:0): permission denied");
	struct path closed = in_dir("closed"), inside = in_dir("closed/in/tool");

	assert_int_equal(mkdir(closed.text, 0700), 0);
	assert_int_equal(mkdir(in_dir("closed/in").text, 0755), 0);
	make_script("closed/in/tool", 0755, "#!/bin/sh\n");
	snprintf(reason, sizeof reason, "no permission to search %s: permission denied", closed.text);
	explained_as(1000, inside.text, reason);
}

static void mount_noexec(const void *argument)
{
	const char *path = argument;
	char tool[300];

	require(unshare(CLONE_NEWNS) == 0 && sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	require(sys_mount("tmpfs", path, "tmpfs", MS_NOEXEC, NULL) == 0);
	snprintf(tool, sizeof tool, "%s/tool", path);
	int fd = open(tool, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	require(fd >= 0 && close(fd) == 0);
	char *const argv[] = { tool, NULL };

	require(execve(tool, argv, NULL) < 0 && errno == EACCES);
	require(program_explain(tool, EACCES) == -EACCES);
	require(strstr(error_record()->text, "is on a file system mounted noexec: permission denied"));
}

static void test_noexec(void **state)
{
	struct path mounted = in_dir("noexec");

	(void)state;
	assert_int_equal(mkdir(mounted.text, 0755), 0);
	assert_true(child_succeeds(mount_noexec, mounted.text));
}

static void test_interpreter(void **state)
{
	char line[512], reason[768];

	(void)state;
	explained(make_script("no-interpreter", 0755, "#!/nowhere/python3 -u\n").text,
	          "its interpreter (#!): \"/nowhere/python3\": no such file or directory");
	explained(make_script("dos", 0755, "#!/bin/sh\r\necho\r\n").text,
	          "its interpreter (#!) (the line ends in a carriage return): \"/bin/sh\r\": no such file or directory");
	struct path second = make_script("second", 0755, "#! /nowhere/perl\n");

	snprintf(line, sizeof line, "#! \t%s -w\n", second.text);
	explained(make_script("first", 0755, line).text, "its interpreter (#!): \"/nowhere/perl\": no such file or directory");
	assert_int_equal(chmod(second.text, 0644), 0);
	snprintf(reason, sizeof reason, "its interpreter (#!): \"%s\": is not executable (its mode is 0644): permission denied",
	         second.text);
	explained(in_dir("first").text, reason);
}

/* The least that the kernel takes for an ELF program with a loader. */
struct elf {
	Elf64_Ehdr header;
	Elf64_Phdr segments[2];
	char loader[32];
};

static struct elf elf_for(unsigned machine, const char *loader)
{
	struct elf elf = {
		.header = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = (Elf64_Half)machine, .e_version = EV_CURRENT, .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phoff = offsetof(struct elf, segments), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.segments = {
			{ .p_type = PT_LOAD, .p_vaddr = 0x400000, .p_filesz = sizeof elf, .p_memsz = sizeof elf, .p_flags = PF_R | PF_X,
			  .p_align = 4096 },
			{ .p_type = PT_INTERP, .p_offset = offsetof(struct elf, loader), .p_filesz = strlen(loader) + 1 },
		},
	};

	snprintf(elf.loader, sizeof elf.loader, "%s", loader);
	return elf;
}

static void test_loader(void **state)
{
	const struct elf elf = elf_for(EM_X86_64, "/lib/ld-nowhere.so.1");
	char line[300];

	(void)state;
	struct path program = make_file("no-loader", 0755, &elf, sizeof elf);

	explained(program.text, "its loader: \"/lib/ld-nowhere.so.1\": no such file or directory");
	snprintf(line, sizeof line, "#!%s\n", program.text);
	explained(make_script("script", 0755, line).text, "its loader: \"/lib/ld-nowhere.so.1\": no such file or directory");
}

#define EMULATED(by) " (the annotation org.berth.emulate=true runs it by the host's " by ", of qemu-user-static): exec format error"

static void test_format(void **state)
{
	struct elf elf = elf_for(EM_AARCH64, "/lib/ld.so");

	(void)state;
	explained(make_file("foreign", 0755, &elf, sizeof elf).text,
	          "is a program for aarch64; this machine is x86_64" EMULATED("qemu-aarch64-static"));
	elf.header.e_ident[EI_DATA] = ELFDATA2MSB;
	elf.header.e_machine = __builtin_bswap16(EM_S390);
	explained(make_file("big", 0755, &elf, sizeof elf).text,
	          "is a program for s390x; this machine is x86_64" EMULATED("qemu-s390x-static"));
	elf = elf_for(0x7777, "");
	explained(make_file("odd", 0755, &elf, sizeof elf).text,
	          "is a program for another machine; this machine is x86_64: exec format error");
	elf = elf_for(EM_X86_64, "");
	elf.header.e_phentsize = 3;
	explained(make_file("damaged", 0755, &elf, sizeof elf).text, "is a damaged program: exec format error");
	explained(make_script("no-hash-bang", 0755, "echo hello\n").text,
	          "is not a program (a script must begin with #! and an interpreter): exec format error");
	explained(make_script("empty", 0755, "").text, "is an empty file: exec format error");
}

static void test_busy(void **state)
{
	struct path tool = in_dir("busy");
	char command[400];

	(void)state;
	snprintf(command, sizeof command, "cp /bin/true %s", tool.text);
	assert_int_equal(system(command), 0);
	int fd = open(tool.text, O_WRONLY | O_CLOEXEC);

	explained(tool.text, "is open for writing: text file busy");
	close(fd);
}

static void explain_too_long(const void *unused)
{
	static char word[100000], *argv[200];
	char tool[] = "/bin/true";

	(void)unused;
	memset(word, 'x', sizeof word - 1);
	for (size_t i = 0; i < 199; i++)
		argv[i] = word;
	require(execve(tool, argv, NULL) < 0 && errno == E2BIG);
	require(program_explain(tool, E2BIG) == -E2BIG);
	require(strstr(error_record()->text, "args and env together are too long"));
}

static void test_too_long(void **state)
{
	(void)state;
	assert_true(child_succeeds(explain_too_long, NULL));
}

/* What the kernel says without a reason that we can see stays what it says. */
static void test_other_errors(void **state)
{
	(void)state;
	assert_int_equal(program_explain("/bin/sh", EIO), -EIO);
	assert_string_equal(error_record()->text, "exec: \"/bin/sh\": input/output error");
	assert_int_equal(program_explain("/bin/sh", EACCES), -EACCES);
	assert_string_equal(error_record()->text, "exec: \"/bin/sh\": a security module may forbid it: permission denied");
	assert_int_equal(program_explain("", ENOENT), -ENOENT);
	/* programs that hold each other up are not followed for ever */
	char line[300];
	struct path one = in_dir("one"), two = in_dir("two");

	snprintf(line, sizeof line, "#!%s\n", two.text);
	make_script("one", 0755, line);
	snprintf(line, sizeof line, "#!%s\n", one.text);
	make_script("two", 0755, line);
	explained(one.text, "too many levels of symbolic links");
	assert_int_equal(program_explain(one.text, ENOENT), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_working_directory, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_not_found, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_under_a_filter, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_missing, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_permission, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_noexec, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_interpreter, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_loader, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_format, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_busy, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_too_long, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_other_errors, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
