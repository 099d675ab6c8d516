#include "cli/overlaid.h"

#include "base/fd.h"
#include "base/sys.h"

#include <elf.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define OVERLAY_SUPER_MAGIC 0x794c7630
#define SEGMENTS_MAX 8

/* --- the view ---------------------------------------------------------------------------------------------------------------- */

/*
 * An overlay needs two lower layers where it has no upper one; of the second nothing is ever seen. The first by its name: for one below
 * /proc/self/fd, the kernel would make files there, and unmake them when we end. A colon, or what quotes one, would mean something else.
 */
static int mount_over(const char *directory)
{
	char layers[PATH_MAX + 8];
	_cleanup_fd_ int context = strpbrk(directory, ":\\") ? -1 : sys_fsopen("overlay");

	if (context < 0)
		return context;
	snprintf(layers, sizeof layers, "%s:/sys", directory);
	int r = sys_fsconfig(context, FSCONFIG_SET_STRING, "lowerdir", layers, 0);

	if (r >= 0)
		r = sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? r : sys_fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The program's file as the overlay shows it, or -1. The name may mean another file by now: a package has been upgraded. */
static int open_view(int self, int *mount)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

	if (length <= 1 || path[0] != '/')
		return -1;
	path[length] = 0;
	char *name = strrchr(path, '/');

	*name++ = 0;
	struct stat ours, theirs;
	struct statfs fs;

	*mount = mount_over(*path ? path : "/");
	if (*mount < 0)
		return -1;
	_cleanup_fd_ int file = openat(*mount, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (file < 0 || fstatfs(file, &fs) < 0 || fs.f_type != OVERLAY_SUPER_MAGIC || fstat(self, &ours) < 0 ||
	    fstat(file, &theirs) < 0 || !same_file(&ours, &theirs))
		return -1;
	return steal_fd(&file);
}

/* --- the trade --------------------------------------------------------------------------------------------------------------- */

extern const char __ehdr_start[];

struct segment {
	char *place; /* where the program has it; whole pages */
	size_t size;
	int protection;
	off_t offset;
	char *replacement; /* mapped elsewhere, or MAP_FAILED */
};

static int protection_of(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* What of the program's file is mapped; 0 if that is not as expected. */
static size_t find_segments(struct segment *segments)
{
	const Elf64_Phdr *header = (const Elf64_Phdr *)getauxval(AT_PHDR);
	size_t count = getauxval(AT_PHNUM), page = getauxval(AT_PAGESZ), found = 0;

	for (size_t i = 0; header && i < count; i++) {
		if (header[i].p_type != PT_LOAD || header[i].p_filesz == 0)
			continue;
		if (found == SEGMENTS_MAX)
			return 0;
		size_t head = header[i].p_vaddr & (page - 1);

		segments[found++] = (struct segment){
			.place = (char *)(uintptr_t)__ehdr_start + header[i].p_vaddr - head,
			.size = (head + header[i].p_filesz + page - 1) & ~(page - 1),
			.protection = protection_of(header[i].p_flags),
			.offset = (off_t)(header[i].p_offset - head),
			.replacement = MAP_FAILED,
		};
	}
	return found;
}

/* What the program may write has changed since it was mapped: memory takes its place, filled at the last moment. */
static bool map_replacement(struct segment *s, int file)
{
	bool written = s->protection & PROT_WRITE;

	s->replacement = mmap(NULL, s->size, s->protection, MAP_PRIVATE | (written ? MAP_ANONYMOUS | MAP_POPULATE : 0), written ? -1 : file,
	                      written ? 0 : s->offset);
	return s->replacement != MAP_FAILED;
}

/* Each step leaves the same bytes in the same place, also under the very instructions that execute here. */
static bool put_in_place(const struct segment *s)
{
	if (s->protection & PROT_WRITE)
		memcpy(s->replacement, s->place, s->size);
	return mremap(s->replacement, s->size, s->size, MREMAP_MAYMOVE | MREMAP_FIXED, s->place) != MAP_FAILED;
}

static char *end_of_strings(char *const *strings, char *end)
{
	for (; *strings; strings++)
		end = *strings + strlen(*strings) + 1;
	return end;
}

/*
 * The file alone (PR_SET_MM_EXE_FILE) could be set by CAP_SYS_RESOURCE only, which root lacks here and there; the whole description of the
 * process' memory takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. It says what was so before, as far as that is of use: "ps" looks
 * for the arguments, brk(2) for its end.
 */
static bool set_file(int file, const struct segment *segments, size_t count, char **argv)
{
	struct prctl_mm_map map = {
		.start_code = (uintptr_t)segments[0].place,
		.end_code = (uintptr_t)segments[count - 1].place,
		.start_data = (uintptr_t)segments[count - 1].place,
		.end_data = (uintptr_t)segments[count - 1].place + segments[count - 1].size,
		.start_brk = (uintptr_t)syscall(SYS_brk, 0),
		.start_stack = (uintptr_t)argv,
		.arg_start = (uintptr_t)argv[0],
		.arg_end = (uintptr_t)end_of_strings(argv, argv[0]),
		.exe_fd = (uint32_t)file,
	};

	map.brk = map.start_brk;
	map.env_start = map.arg_end;
	map.env_end = (uintptr_t)end_of_strings(environ, (char *)map.arg_end);
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0;
}

static bool trade(int file, char **argv)
{
	struct segment segments[SEGMENTS_MAX];
	size_t count = find_segments(segments), mapped = 0;
	bool done = count > 0;

	while (done && mapped < count && map_replacement(&segments[mapped], file))
		mapped++;
	done = done && mapped == count;
	for (size_t i = 0; i < mapped; i++)
		if (!done || !put_in_place(&segments[i])) {
			munmap(segments[i].replacement, segments[i].size);
			done = false;
		}
	return done && set_file(file, segments, count, argv);
}

bool overlaid_ensure(int self, char **argv, int *late_close)
{
#ifdef __SANITIZE_ADDRESS__
	return false; /* it keeps books of what is mapped */
#endif
	_cleanup_fd_ int mount = -1, file = open_view(self, &mount);

	if (file < 0 || !trade(file, argv))
		return false;
	*late_close = steal_fd(&mount);
	return true;
}
