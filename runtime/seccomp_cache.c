#include "runtime/seccomp_cache.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#include <limits.h>
#include <link.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>

#define MAGIC "berth seccomp 1"
#define NAME_SIZE (2 * BLAKE2B_DIGEST + 1)

/* An entry is this and the instructions. Its layout is this machine's: the key names the machine. */
struct header {
	char magic[16];
	unsigned char key[BLAKE2B_DIGEST], digest[BLAKE2B_DIGEST];
	uint32_t length, zero;  /* instructions */
};

struct entry {
	struct header header;
	struct sock_filter program[];
};

static size_t entry_size(unsigned length)
{
	return sizeof(struct entry) + length * sizeof(struct sock_filter);
}

/* Over key, length and program: an entry that was renamed or cut is no entry. */
static void entry_digest(const struct header *header, const struct sock_filter *program, unsigned char digest[BLAKE2B_DIGEST])
{
	struct blake2b hash;

	blake2b_init(&hash);
	blake2b_update(&hash, header->key, sizeof header->key);
	blake2b_update(&hash, &header->length, sizeof header->length);
	blake2b_update(&hash, program, header->length * sizeof *program);
	blake2b_final(&hash, digest);
}

/* --- Key -------------------------------------------------------------------------------------------------------------- */

struct build_id {
	const void *data;
	size_t size;
};

static size_t note_aligned(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* The GNU build id in the notes of the program, which comes first. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *found)
{
	struct build_id *id = found;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *note = (const char *)(info->dlpi_addr + segment->p_vaddr), *end = note + segment->p_memsz;

		while (segment->p_type == PT_NOTE && note < end && (size_t)(end - note) > sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *header = (const ElfW(Nhdr) *)(const void *)note;
			const char *name = note + sizeof *header, *data = name + note_aligned(header->n_namesz);

			if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
				*id = (struct build_id){ data, header->n_descsz };
				return 1;
			}
			note = data + note_aligned(header->n_descsz);
		}
	}
	return 1;
}

static void put_number(struct blake2b *hash, uint64_t number)
{
	blake2b_update(hash, &number, sizeof number);
}

static void put_bytes(struct blake2b *hash, const void *data, size_t size)
{
	put_number(hash, size);
	blake2b_update(hash, data, size);
}

/* Up to and with its NUL, which is in no text: as good as a length in front, and one piece. */
static void put_text(struct blake2b *hash, const char *text)
{
	blake2b_update(hash, text, strlen(text) + 1);
}

static void put_optional(struct blake2b *hash, const struct opt_u64 *number)
{
	put_number(hash, number->set);
	put_number(hash, number->set ? number->value : 0);
}

static void put_strings(struct blake2b *hash, const struct strings *strings)
{
	put_number(hash, strings->set);
	put_number(hash, strings->count);
	for (size_t i = 0; i < strings->count; i++)
		put_text(hash, strings->items[i]);
}

static void put_rule(struct blake2b *hash, const struct spec_seccomp_rule *rule)
{
	put_strings(hash, &rule->names);
	put_number(hash, rule->action);
	put_optional(hash, &rule->errno_ret);
	put_number(hash, rule->arg_count);
	for (size_t i = 0; i < rule->arg_count; i++) {
		put_number(hash, rule->args[i].index);
		put_number(hash, rule->args[i].value);
		put_number(hash, rule->args[i].value_two);
		put_number(hash, (uint64_t)rule->args[i].op);
	}
}

static void put_profile(struct blake2b *hash, const struct spec_seccomp *seccomp)
{
	put_number(hash, seccomp->default_action);
	put_optional(hash, &seccomp->default_errno_ret);
	put_strings(hash, &seccomp->architectures);
	put_number(hash, seccomp->rule_count);
	for (size_t i = 0; i < seccomp->rule_count; i++)
		put_rule(hash, &seccomp->rules[i]);
}

bool seccomp_cache_key(struct seccomp_cache_key *key, const struct spec_seccomp *seccomp)
{
	const struct scmp_version *version = seccomp_version();
	struct build_id build = { 0 };
	struct utsname kernel;
	struct blake2b hash;

	dl_iterate_phdr(find_build_id, &build);
	if (!build.data || !version || uname(&kernel) < 0) {
		log_debug("seccomp filters are not cached: this program has no build id");
		return false;
	}
	blake2b_init(&hash);
	put_text(&hash, MAGIC);
	put_bytes(&hash, build.data, build.size);
	put_text(&hash, BERTH_VERSION);
	put_number(&hash, version->major);
	put_number(&hash, version->minor);
	put_number(&hash, version->micro);
	put_text(&hash, kernel.release);
	put_text(&hash, kernel.version);
	put_text(&hash, kernel.machine);
	put_profile(&hash, seccomp);
	blake2b_final(&hash, key->digest);
	return true;
}

static void format_name(const struct seccomp_cache_key *key, char name[NAME_SIZE])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < BLAKE2B_DIGEST; i++) {
		name[2 * i] = digits[key->digest[i] >> 4];
		name[2 * i + 1] = digits[key->digest[i] & 15];
	}
	name[NAME_SIZE - 1] = 0;
}

/* --- Reading ---------------------------------------------------------------------------------------------------------- */

/* Only we (or root) can have made a file like this. */
static bool ours(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 07777) == 0400 && st->st_nlink == 1;
}

static bool sound(const struct header *header, const struct sock_filter *program, const struct seccomp_cache_key *key)
{
	static const char magic[sizeof header->magic] = MAGIC;
	unsigned char digest[BLAKE2B_DIGEST];

	if (memcmp(header->magic, magic, sizeof magic) != 0 || header->zero != 0)
		return false;
	if (memcmp(header->key, key->digest, sizeof header->key) != 0)
		return false;
	entry_digest(header, program, digest);
	return memcmp(digest, header->digest, sizeof digest) == 0;
}

bool seccomp_cache_load(const char *dir, const struct seccomp_cache_key *key, struct seccomp_filter *filter)
{
	char path[PATH_MAX], name[NAME_SIZE];
	struct stat st;

	format_name(key, name);
	int n = snprintf(path, sizeof path, "%s/%s", dir, name);

	if (n < 0 || (size_t)n >= sizeof path)
		return false;
	/* A fifo put there must not hold us up. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return false;
	struct header header;
	size_t size = fstat(fd, &st) == 0 && ours(&st) && st.st_size <= (off_t)entry_size(BPF_MAXINSNS) ? (size_t)st.st_size : 0;
	size_t instructions = size > sizeof header ? (size - sizeof header) / sizeof *filter->program : 0;

	if (instructions)
		filter->program = arena_reserve(&filter->arena, instructions * sizeof *filter->program);
	if (!instructions || size != entry_size((unsigned)instructions) ||
	    readv(fd, (struct iovec[]){ { &header, sizeof header }, { filter->program, size - sizeof header } }, 2) != (ssize_t)size ||
	    header.length != instructions || !sound(&header, filter->program, key)) {
		log_debug("seccomp cache: %s is not an entry to trust: compiling", path);
		return false;
	}
	filter->length = (unsigned short)header.length;
	return true;
}

/* --- Writing ---------------------------------------------------------------------------------------------------------- */

static int open_directory(const char *dir)
{
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_fd_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return st.st_uid == geteuid() && (st.st_mode & 07777) == 0700 ? steal_fd(&fd) : -EPERM;
}

static int write_entry(int dir, const char *temporary, const char *name, const struct entry *entry)
{
	_cleanup_fd_ int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);

	if (fd < 0)
		return -errno;
	int r = fchmod(fd, 0400) < 0 ? -errno : write_all(fd, entry, entry_size(entry->header.length));

	if (r >= 0 && renameat(dir, temporary, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, temporary, 0);
	return r;
}

struct old_file {
	struct timespec when;
	char name[NAME_SIZE];
};

static int by_age(const void *a, const void *b)
{
	const struct timespec *x = &((const struct old_file *)a)->when, *y = &((const struct old_file *)b)->when;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* The oldest of what is too many goes, temporary files that a crash left among them. */
static void prune(int dir)
{
	static const size_t most = 4 * SECCOMP_CACHE_ENTRIES;
	_cleanup_free_ struct old_file *files = calloc(most, sizeof *files);
	_cleanup_dir_ DIR *stream = fdopendir(fcntl(dir, F_DUPFD_CLOEXEC, 0));
	struct dirent *item;
	struct stat st;
	size_t count = 0;

	while (files && stream && count < most && (item = readdir(stream))) {
		if (strlen(item->d_name) >= NAME_SIZE || fstatat(dir, item->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode))
			continue;
		files[count].when = st.st_mtim;
		memcpy(files[count++].name, item->d_name, strlen(item->d_name) + 1);
	}
	if (!files || count <= SECCOMP_CACHE_ENTRIES)
		return;
	qsort(files, count, sizeof *files, by_age);
	for (size_t i = 0; i < count - SECCOMP_CACHE_ENTRIES; i++)
		unlinkat(dir, files[i].name, 0);
}

void seccomp_cache_store(const char *dir, const struct seccomp_cache_key *key, const struct seccomp_filter *filter)
{
	_cleanup_free_ struct entry *entry = calloc(1, entry_size(filter->length));
	_cleanup_fd_ int fd = open_directory(dir);
	char name[NAME_SIZE], temporary[32];
	uint64_t number;

	if (fd < 0 || !entry || getrandom(&number, sizeof number, 0) != sizeof number) {
		log_debug("seccomp cache: %s cannot be used: %s", dir, strerror(fd < 0 ? -fd : ENOMEM));
		return;
	}
	memcpy(entry->header.magic, MAGIC, sizeof MAGIC);
	memcpy(entry->header.key, key->digest, sizeof entry->header.key);
	entry->header.length = filter->length;
	memcpy(entry->program, filter->program, filter->length * sizeof(struct sock_filter));
	entry_digest(&entry->header, entry->program, entry->header.digest);
	format_name(key, name);
	snprintf(temporary, sizeof temporary, ".%016llx", (unsigned long long)number);
	int r = write_entry(fd, temporary, name, entry);

	if (r < 0)
		log_debug("seccomp cache: write %s/%s: %s", dir, name, strerror(-r));
	prune(fd);
}
