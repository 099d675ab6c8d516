/*
 * The cache of compiled filters under attack: what is not exactly an entry that this program made for exactly this profile is
 * compiled anew. Whether a filter came from the cache shows in a marker: a program of one instruction, stored under the profile's key.
 */
#include "base/sys.h"
#include "runtime/seccomp_cache.h"
#include "tests/unit/child.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/stat.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define HEADER 88  /* magic 16, key 32, digest 32, length 4, zero 4 */

/* mkdir and mkdirat denied, as the default of everything else is to allow. */
static char mkdir_name[] = "mkdir", mkdirat_name[] = "mkdirat", joined_name[] = "mkdirmkdirat", x86[] = "SCMP_ARCH_X86",
	x32[] = "SCMP_ARCH_X32";
static char mkdirmk_name[] = "mkdirmk", dirat_name[] = "dirat", *cut_names[] = { mkdirmk_name, dirat_name, NULL };
static char *two_names[] = { mkdir_name, mkdirat_name, NULL }, *joined_names[] = { joined_name, NULL },
	*two_archs[] = { x86, x32, NULL };

struct fixture {
	char dir[64];
	char entry[160];
	struct spec_seccomp profile;
	struct spec_seccomp_rule rules[2];
	struct spec_seccomp_arg args[2];
	struct seccomp_cache_key key;
};

static struct sock_filter marker_code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);

static void name_entry(struct fixture *f)
{
	int n = snprintf(f->entry, sizeof f->entry, "%s/", f->dir);

	for (size_t i = 0; i < BLAKE2B_DIGEST; i++)
		n += snprintf(f->entry + n, sizeof f->entry - (size_t)n, "%02x", f->key.digest[i]);
}

static void store_marker(struct fixture *f)
{
	const struct seccomp_filter marker = { .program = &marker_code, .length = 1 };

	seccomp_cache_store(f->dir, &f->key, &marker);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	snprintf(f->dir, sizeof f->dir, "/tmp/berth-test-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->rules[0] = (struct spec_seccomp_rule){ .names = { true, 2, two_names }, .action = SECCOMP_ERRNO, .args = f->args };
	f->profile = (struct spec_seccomp){ .set = true, .default_action = SECCOMP_ALLOW, .rule_count = 1, .rules = f->rules };
	if (!seccomp_cache_key(&f->key, &f->profile))
		return -1;
	name_entry(f);
	store_marker(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", f->dir);
	free(f);
	return system(command);
}

/* Does preparing the profile give the marker? */
static bool from_cache(struct fixture *f)
{
	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	assert_int_equal(seccomp_prepare(&filter, &f->profile, f->dir), 0);
	return filter.length == 1;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode;
}

static size_t files_in(const char *dir)
{
	_cleanup_dir_ DIR *stream = opendir(dir);
	size_t count = 0;

	while (readdir(stream))
		count++;
	return count - 2;
}

static void test_an_entry_is_taken(void **state)
{
	struct fixture *f = *state;

	assert_true(from_cache(f));
	assert_int_equal(mode_of(f->entry), S_IFREG | 0400);
	assert_int_equal(mode_of(f->dir), S_IFDIR | 0700);
}

static void test_compiled_once(void **state)
{
	struct fixture *f = *state;
	struct seccomp_filter _cleanup_seccomp_ first = { 0 }, second = { 0 };
	struct stat before, after;

	unlink(f->entry);
	assert_int_equal(seccomp_prepare(&first, &f->profile, f->dir), 0);
	assert_int_equal(stat(f->entry, &before), 0);
	assert_int_equal(seccomp_prepare(&second, &f->profile, f->dir), 0);
	assert_int_equal(stat(f->entry, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(first.length, second.length);
	assert_memory_equal(first.program, second.program, first.length * sizeof *first.program);
	assert_int_equal(files_in(f->dir), 1);
}

/* After an attack that left the name to us, the entry is a good one again. */
static void recovers(struct fixture *f)
{
	struct stat st;

	assert_false(from_cache(f));
	assert_int_equal(lstat(f->entry, &st), 0);
	assert_true(S_ISREG(st.st_mode) && (st.st_mode & 07777) == 0400 && st.st_uid == geteuid() && st.st_nlink == 1);
	assert_true(st.st_size > (off_t)(HEADER + sizeof marker_code));
	assert_int_equal(files_in(f->dir), 1);
}

static void overwrite(const char *path, off_t at, const void *data, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_int_equal(pwrite(fd, data, size, at), size);
}

static void test_tampered_content(void **state)
{
	struct fixture *f = *state;

	for (off_t at = 0; at < (off_t)(HEADER + sizeof marker_code); at++) {
		unsigned char byte;
		int fd = open(f->entry, O_RDONLY);

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		close(fd);
		byte ^= 1;
		overwrite(f->entry, at, &byte, 1);
		recovers(f);
		store_marker(f);
		assert_true(from_cache(f));
	}
}

static void test_truncated_and_lengthened(void **state)
{
	struct fixture *f = *state;
	static const off_t sizes[] = { 0, 1, HEADER - 1, HEADER, HEADER + 7, HEADER + 9, HEADER + 16, 1 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_int_equal(truncate(f->entry, sizes[i]), 0);
		recovers(f);
		store_marker(f);
		assert_true(from_cache(f));
	}
}

static void test_mode_and_owner(void **state)
{
	struct fixture *f = *state;
	static const mode_t modes[] = { 0600, 0440, 0404, 0402, 04400, 0000 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(f->entry, modes[i]), 0);
		recovers(f);
		store_marker(f);
	}
	assert_int_equal(chown(f->entry, 1000, (gid_t)-1), 0);
	assert_int_equal(chmod(f->entry, 0400), 0);
	recovers(f);
}

static void test_links(void **state)
{
	struct fixture *f = *state;
	char other[200], outside[] = "/tmp/berth-test-link-XXXXXX";

	/* a second name through which it could be replaced or kept */
	snprintf(other, sizeof other, "%s/other", f->dir);
	assert_int_equal(link(f->entry, other), 0);
	assert_false(from_cache(f));
	unlink(other);
	store_marker(f);
	assert_true(from_cache(f));

	/* a symbolic link to an entry that is good in itself */
	close(mkstemp(outside));
	assert_int_equal(rename(f->entry, outside), 0);
	assert_int_equal(symlink(outside, f->entry), 0);
	recovers(f);
	assert_int_equal(mode_of(outside), S_IFREG | 0400);
	unlink(outside);
}

static void test_other_kinds_of_file(void **state)
{
	struct fixture *f = *state;

	unlink(f->entry);
	assert_int_equal(mkfifo(f->entry, 0400), 0);
	recovers(f);
	unlink(f->entry);
	assert_int_equal(mkdir(f->entry, 0700), 0);
	/* that cannot be replaced by rename: no cache then, and no error */
	assert_false(from_cache(f));
	assert_int_equal(files_in(f->dir), 1);
	assert_int_equal(rmdir(f->entry), 0);
}

/* An entry under another's name: of the same directory, made by this program. */
static void test_renamed_entry(void **state)
{
	struct fixture *f = *state, other = *f;

	other.profile.default_action = SECCOMP_LOG;
	assert_true(seccomp_cache_key(&other.key, &other.profile));
	name_entry(&other);
	assert_int_equal(rename(f->entry, other.entry), 0);
	assert_false(from_cache(&other));
}

/* Nothing is written where others could write, nor through a link. */
static void test_untrusted_directory(void **state)
{
	struct fixture *f = *state;
	char link_name[100];

	unlink(f->entry);
	static const mode_t modes[] = { 0777, 01777, 0755, 0710, 0701 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(f->dir, modes[i]), 0);
		assert_false(from_cache(f));
		assert_int_equal(files_in(f->dir), 0);
	}
	assert_int_equal(chmod(f->dir, 0700), 0);
	assert_int_equal(chown(f->dir, 1000, (gid_t)-1), 0);
	assert_false(from_cache(f));
	assert_int_equal(files_in(f->dir), 0);
	assert_int_equal(chown(f->dir, 0, (gid_t)-1), 0);
	snprintf(link_name, sizeof link_name, "%s.link", f->dir);
	assert_int_equal(symlink(f->dir, link_name), 0);

	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	assert_int_equal(seccomp_prepare(&filter, &f->profile, link_name), 0);
	assert_true(filter.length > 1);
	assert_int_equal(files_in(f->dir), 0);
	unlink(link_name);
}

static void test_no_directory(void **state)
{
	struct fixture *f = *state;
	char deep[200];
	struct seccomp_filter _cleanup_seccomp_ made = { 0 }, filter = { 0 }, none = { 0 };

	snprintf(deep, sizeof deep, "%s/made", f->dir);
	assert_int_equal(seccomp_prepare(&made, &f->profile, deep), 0);
	assert_int_equal(mode_of(deep), S_IFDIR | 0700);
	assert_int_equal(files_in(deep), 1);
	snprintf(deep, sizeof deep, "%s/not/made", f->dir);
	assert_int_equal(seccomp_prepare(&filter, &f->profile, deep), 0);
	assert_int_equal(access(deep, F_OK), -1);
	assert_int_equal(seccomp_prepare(&none, &f->profile, NULL), 0);
	assert_true(none.length > 1);
}

/* A umask does not make entries that are never taken. */
static void with_umask(const void *argument)
{
	struct fixture f = *(const struct fixture *)argument;
	struct seccomp_filter filter = { 0 };
	struct stat st;

	umask(0777);
	unlink(f.entry);
	require(seccomp_prepare(&filter, &f.profile, f.dir) == 0);
	require(stat(f.entry, &st) == 0 && (st.st_mode & 07777) == 0400);
	seccomp_free(&filter);
}

static void test_umask(void **state)
{
	assert_true(child_succeeds(with_umask, *state));
}

/* --- Keys ------------------------------------------------------------------------------------------------------------- */

struct keys {
	size_t count;
	struct seccomp_cache_key items[64];
};

static void put_key(struct keys *keys, const struct fixture *f)
{
	assert_true(seccomp_cache_key(&keys->items[keys->count++], &f->profile));
}

/* Profiles that differ in anything that the program depends on have different keys; each change is made to a copy. */
#define VARIANT(change)                                                  \
	do {                                                             \
		struct fixture v = *f;                                   \
		v.profile.rules = v.rules;                               \
		v.rules[0].args = v.rules[1].args = v.args;              \
		change;                                                  \
		put_key(&keys, &v);                                      \
	} while (0)

static void test_keys_differ(void **state)
{
	struct fixture *f = *state;
	struct keys keys = { 0 };
	const struct strings joined = { true, 1, joined_names }, one = { true, 1, two_names }, second = { true, 1, two_names + 1 };

	VARIANT((void)0);
	VARIANT(v.rules[0].names = joined);
	VARIANT(v.rules[0].names = ((struct strings){ true, 2, cut_names }));
	VARIANT(v.rules[0].names = one);
	/* the same names in two rules */
	VARIANT(v.rules[0].names = one; v.rules[1] = v.rules[0]; v.rules[1].names = second; v.profile.rule_count = 2);
	VARIANT(v.rules[0].action = SECCOMP_LOG);
	/* absent, zero, the default */
	VARIANT(v.rules[0].errno_ret = ((struct opt_u64){ true, 0 }));
	VARIANT(v.rules[0].errno_ret = ((struct opt_u64){ true, 1 }));
	VARIANT(v.rules[0].errno_ret = ((struct opt_u64){ true, 2 }));
	VARIANT(v.profile.default_action = SECCOMP_ERRNO);
	VARIANT(v.profile.default_action = SECCOMP_ERRNO; v.profile.default_errno_ret = ((struct opt_u64){ true, 0 }));
	VARIANT(v.profile.default_action = SECCOMP_ERRNO; v.profile.default_errno_ret = ((struct opt_u64){ true, 38 }));
	VARIANT(v.profile.architectures = ((struct strings){ true, 0, NULL }));
	VARIANT(v.profile.architectures = ((struct strings){ true, 1, two_archs }));
	VARIANT(v.profile.architectures = ((struct strings){ true, 1, two_archs + 1 }));
	VARIANT(v.profile.architectures = ((struct strings){ true, 2, two_archs }));
	VARIANT(v.rules[0].arg_count = 1);
	VARIANT(v.rules[0].arg_count = 2);
	VARIANT(v.rules[0].arg_count = 1; v.args[0].index = 1);
	VARIANT(v.rules[0].arg_count = 1; v.args[0].value = 1);
	VARIANT(v.rules[0].arg_count = 1; v.args[0].value_two = 1);
	VARIANT(v.rules[0].arg_count = 1; v.args[0].op = SCMP_CMP_NE);
	VARIANT(v.rules[0].arg_count = 1; v.args[0].value = UINT64_C(1) << 32);
	VARIANT(v.profile.rule_count = 0);
	for (size_t i = 0; i < keys.count; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(&keys.items[i], &keys.items[j], sizeof keys.items[i]);
}

/* What installing takes from the configuration itself does not make another program. */
static void test_flags_are_not_in_the_key(void **state)
{
	struct fixture *f = *state;
	struct keys keys = { 0 };
	char path[] = "/run/agent";

	VARIANT((void)0);
	VARIANT(v.profile.flags = SECCOMP_FILTER_FLAG_LOG);
	VARIANT(v.profile.listener_path = path);
	assert_memory_equal(&keys.items[0], &keys.items[1], sizeof keys.items[0]);
	assert_memory_equal(&keys.items[0], &keys.items[2], sizeof keys.items[0]);

	struct seccomp_filter _cleanup_seccomp_ filter = { 0 };

	f->profile.flags = SECCOMP_FILTER_FLAG_LOG;
	assert_int_equal(seccomp_prepare(&filter, &f->profile, f->dir), 0);
	assert_int_equal(filter.length, 1);
	assert_int_equal(filter.flags, SECCOMP_FILTER_FLAG_LOG);
}

/* crun's poisoning: a profile that denies one long name nobody has must not open the two that it is made of. */
static void install_after_poisoning(const void *argument)
{
	struct fixture f = *(const struct fixture *)argument, poison = f;
	struct seccomp_filter filter = { 0 };

	unlink(f.entry);
	poison.rules[0].names = (struct strings){ true, 1, joined_names };
	poison.profile.rules = poison.rules;
	require(seccomp_prepare(&filter, &poison.profile, f.dir) == 0);
	seccomp_free(&filter);
	require(seccomp_prepare(&filter, &f.profile, f.dir) == 0);
	require(seccomp_install(&filter) == 0);
	require(mkdir("/nonexistent/a", 0700) < 0 && errno == EPERM);
	require(mkdirat(AT_FDCWD, "/nonexistent/a", 0700) < 0 && errno == EPERM);
	seccomp_free(&filter);
}

static void test_poisoning(void **state)
{
	assert_true(child_succeeds(install_after_poisoning, *state));
}

/* --- Many ------------------------------------------------------------------------------------------------------------- */

static void test_old_entries_go(void **state)
{
	struct fixture *f = *state, other = *f;
	const struct seccomp_filter marker = { .program = &marker_code, .length = 1 };
	char left_over[200];

	/* what a crash left is the oldest */
	snprintf(left_over, sizeof left_over, "%s/.0123456789abcdef", f->dir);
	close(open(left_over, O_WRONLY | O_CREAT | O_CLOEXEC, 0400));
	const struct timespec old[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	assert_int_equal(utimensat(AT_FDCWD, left_over, old, 0), 0);
	for (unsigned i = 0; i < 2 * SECCOMP_CACHE_ENTRIES; i++) {
		memcpy(other.key.digest, &i, sizeof i);
		seccomp_cache_store(f->dir, &other.key, &marker);
		assert_true(files_in(f->dir) <= SECCOMP_CACHE_ENTRIES);
	}
	assert_int_equal(files_in(f->dir), SECCOMP_CACHE_ENTRIES);
	assert_int_equal(access(left_over, F_OK), -1);
	assert_int_equal(access(f->entry, F_OK), -1);
	name_entry(&other);
	assert_int_equal(access(other.entry, F_OK), 0);
}

static void test_at_the_same_time(void **state)
{
	struct fixture *f = *state;
	pid_t children[8];

	unlink(f->entry);
	for (int i = 0; i < 8; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		for (int round = 0; round < 50; round++) {
			struct seccomp_filter filter = { 0 };

			if (seccomp_prepare(&filter, &f->profile, f->dir) < 0 || filter.length <= 1)
				_exit(1);
			seccomp_free(&filter);
			if (round % 7 == i % 7)
				unlink(f->entry);
		}
		_exit(0);
	}
	for (int i = 0; i < 8; i++) {
		int status = -1;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_false(from_cache(f));
	assert_int_equal(files_in(f->dir), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_an_entry_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(test_compiled_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tampered_content, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated_and_lengthened, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mode_and_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_kinds_of_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renamed_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_untrusted_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_directory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_umask, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys_differ, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flags_are_not_in_the_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_poisoning, setup, teardown),
		cmocka_unit_test_setup_teardown(test_old_entries_go, setup, teardown),
		cmocka_unit_test_setup_teardown(test_at_the_same_time, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
