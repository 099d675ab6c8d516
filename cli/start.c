#include "cli/start.h"

#include "base/error.h"
#include "base/raw.h"

#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#define HIDDEN __attribute__((visibility("hidden")))

extern const char __ehdr_start[] HIDDEN; /* the linker's: where the program is */

int start_protect(void)
{
	const ElfW(Ehdr) *program = (const void *)__ehdr_start;
	const ElfW(Phdr) *segments = (const void *)(__ehdr_start + program->e_phoff);
	const uintptr_t page = getauxval(AT_PAGESZ);

	for (size_t i = 0; i < program->e_phnum; i++) {
		const ElfW(Phdr) *segment = &segments[i];
		const uintptr_t begin = ((uintptr_t)program + segment->p_vaddr) & ~(page - 1);
		const uintptr_t end = ((uintptr_t)program + segment->p_vaddr + segment->p_memsz) & ~(page - 1);

		if (segment->p_type == PT_GNU_RELRO && mprotect((void *)begin, end - begin, PROT_READ) < 0)
			return fail(errno, "make what has been relocated read-only");
	}
	return 0;
}

#if !defined(BERTH_START) || !defined(HAVE_RAW_CALL)

int start_view(void)
{
	return -1;
}

#else

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/stat.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR   36
#endif

/*
 * What is here runs before relocation and before the C library. So: system calls alone, no canary on the stack, no pointers in tables; and any
 * failure just means that the program goes on from its own file, for sealed.c to find another way.
 */
#define EARLY __attribute__((no_stack_protector))

extern Elf64_Dyn _DYNAMIC[] HIDDEN;

/* Called by start_here alone, which a compiler of the whole program (LTO) does not read. */
__attribute__((used)) long start_load(long *stack);
__attribute__((used)) void start_settle(long *stack, long distance);
__attribute__((used)) void start_relocate(void);

static struct view {
	int mount;  /* of the overlay */
	int file;   /* the program's, in there */
	bool taken; /* it is this process's */
} view;

int start_view(void)
{
	return view.taken ? view.mount : -1;
}

/* Where the program is. Not known to the compiler, which might put the address among its constants: those are not relocated yet. */
static inline uint64_t EARLY beginning(void)
{
	const char *here = __ehdr_start;

	__asm__("" : "+r"(here));
	return (uint64_t)here;
}

static size_t EARLY length_of(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

static bool EARLY equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* --- the view ---------------------------------------------------------------------------------------------------------------- */

/* A quick guess, whose errors do no harm: a container may be called "run", and a command that is missing here still asks sealed.h. */
static bool EARLY is_wanted(char *const *arguments)
{
	static const char commands[][8] = { "create", "run", "exec", "mounts" };

	for (; *arguments; arguments++)
		for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
			if (equal(*arguments, commands[i]))
				return true;
	return false;
}

/*
 * directory has room for more. An overlay needs two lower layers where it has no upper one; of the second nothing is ever seen. The first by its
 * name: for one below /proc/self/fd, the kernel would make files there, and unmake them when we end. A colon, or what quotes one, would mean
 * something else. Below the second nothing may be mounted: a user namespace could not have it. Inode numbers are to be the files' own, and no
 * handle is to lead to other files of the directory, whatever the kernel's defaults for overlays.
 */
static long EARLY mount_over(char *directory)
{
	static const char second[] = ":/sys/class";
	char *end = directory;

	for (; *end; end++)
		if (*end == ':' || *end == '\\')
			return -1;
	for (size_t i = 0; i < sizeof second; i++)
		end[i] = second[i];

	long context = RAW_CALL(SYS_fsopen, "overlay", FSOPEN_CLOEXEC), mount = -1;

	/* With 0 to 2 closed, what is opened here would be taken for the workload's streams. */
	if (context > 2 && RAW_CALL(SYS_fsconfig, context, FSCONFIG_SET_STRING, "lowerdir", directory, 0) >= 0 &&
	    RAW_CALL(SYS_fsconfig, context, FSCONFIG_SET_STRING, "xino", "off", 0) >= 0 &&
	    RAW_CALL(SYS_fsconfig, context, FSCONFIG_SET_STRING, "nfs_export", "off", 0) >= 0 &&
	    RAW_CALL(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0) >= 0)
		mount = RAW_CALL(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (context >= 0)
		RAW_CALL(SYS_close, context);
	return mount;
}

static bool EARLY same_file(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_size == b->stx_size && a->stx_mode == b->stx_mode &&
	       a->stx_ctime.tv_sec == b->stx_ctime.tv_sec && a->stx_ctime.tv_nsec == b->stx_ctime.tv_nsec;
}

/* By now the name may mean another file than ours: a package has been upgraded. */
static long EARLY open_ours(long mount, const char *name)
{
	struct statx ours, theirs;
	long file = RAW_CALL(SYS_openat, mount, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (file < 0)
		return -1;
	if (RAW_CALL(SYS_statx, AT_FDCWD, "/proc/self/exe", 0, STATX_BASIC_STATS, &ours) >= 0 &&
	    RAW_CALL(SYS_statx, file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &theirs) >= 0 && same_file(&ours, &theirs))
		return file;
	RAW_CALL(SYS_close, file);
	return -1;
}

/* The overlay, and in it the program's file. */
static bool EARLY open_view(struct view *found)
{
	char path[PATH_MAX + 16], name[NAME_MAX + 1];
	const long length = RAW_CALL(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, PATH_MAX - 1);
	long slash = length;

	if (length <= 1 || path[0] != '/')
		return false;
	path[length] = 0;
	/* No directory has that: a copy in memory, or a file that is gone. */
	if (length > 10 && equal(path + length - 10, " (deleted)"))
		return false;
	while (path[--slash] != '/')
		;
	if (length - slash - 1 > NAME_MAX)
		return false;
	for (long i = slash + 1; i < length; i++)
		name[i - slash - 1] = path[i];
	name[length - slash - 1] = 0;
	path[slash ? slash : 1] = 0;

	long mount = mount_over(path), file = mount < 0 ? -1 : open_ours(mount, name);

	*found = (struct view){ .mount = (int)mount, .file = (int)file };
	if (mount >= 0 && file < 0)
		RAW_CALL(SYS_close, mount);
	return file >= 0;
}

/* --- the copy ---------------------------------------------------------------------------------------------------------------- */

static int EARLY protection_of(uint32_t flags)
{
	return (flags & PF_R ? PROT_READ : 0) | (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* A program, as the kernel describes it to itself. */
struct image {
	const Elf64_Phdr *headers;
	uint64_t count, page;
};

/* The bytes from the first of the program to its last. */
static uint64_t EARLY span_of(const struct image *image)
{
	uint64_t span = 0;

	for (size_t i = 0; i < image->count; i++)
		if (image->headers[i].p_type == PT_LOAD)
			span = image->headers[i].p_vaddr + image->headers[i].p_memsz;
	return span;
}

/* What can be written is written at once, by its relocation: no fault for each page of that. */
static bool EARLY map_segment(char *copy, const Elf64_Phdr *segment, uint64_t page, int file)
{
	const bool writable = segment->p_flags & PF_W;
	const uint64_t head = segment->p_vaddr & (page - 1), filled = head + segment->p_filesz;
	char *place = copy + segment->p_vaddr - head;

	if (!segment->p_filesz) /* there is memory already */
		return true;
	if (RAW_CALL(SYS_mmap, place, filled, protection_of(segment->p_flags), MAP_PRIVATE | MAP_FIXED | (writable ? MAP_POPULATE : 0), file,
	             segment->p_offset - head) != (long)place)
		return false;
	/* Of its last page, the rest is no longer the file's. */
	volatile uint64_t *word = (volatile uint64_t *)(place + ((filled + 7) & ~UINT64_C(7)));

	for (uint64_t i = filled; writable && i & 7; i++)
		((volatile char *)place)[i] = 0;
	for (; writable && (uint64_t)word & (page - 1); word++)
		*word = 0;
	return true;
}

static char *EARLY map_copy(const struct image *image, int file)
{
	const uint64_t span = span_of(image);
	const long copy = RAW_CALL(SYS_mmap, 0, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy < 0 && copy > -4096) /* an error's number */
		return NULL;
	for (size_t i = 0; i < image->count; i++)
		if (image->headers[i].p_type == PT_LOAD && !map_segment((char *)copy, &image->headers[i], image->page, file)) {
			RAW_CALL(SYS_munmap, copy, span);
			return NULL;
		}
	return (char *)copy;
}

/* --- the start: steps of start_here ------------------------------------------------------------------------------------------- */

/* The stack as the kernel gives it: argc, argv, environ, then these pairs. */
static Elf64_auxv_t *EARLY auxv_of(long *stack)
{
	char **word = (char **)stack + 1 + stack[0] + 1;

	while (*word++)
		;
	return (Elf64_auxv_t *)word;
}

/* The value of a type that the kernel always gives. */
static uint64_t *EARLY auxv_value(Elf64_auxv_t *auxv, uint64_t type)
{
	while (auxv->a_type != AT_NULL && auxv->a_type != type)
		auxv++;
	return &auxv->a_un.a_val;
}

static struct image EARLY image_of(Elf64_auxv_t *auxv)
{
	return (struct image){
		.headers = (const Elf64_Phdr *)*auxv_value(auxv, AT_PHDR),
		.count = *auxv_value(auxv, AT_PHNUM),
		.page = *auxv_value(auxv, AT_PAGESZ),
	};
}

/* In the original: how far from it its copy is that shall go on; 0: none. */
HIDDEN long EARLY start_load(long *stack)
{
	struct view found;

	if (stack[0] < 2 || !is_wanted((char **)stack + 2) || !open_view(&found))
		return 0;
	const struct image image = image_of(auxv_of(stack));
	char *copy = map_copy(&image, found.file);

	if (!copy) {
		RAW_CALL(SYS_close, found.file);
		RAW_CALL(SYS_close, found.mount);
		return 0;
	}
	const long distance = copy - (char *)beginning();

	*(struct view *)((char *)&view + distance) = found;
	return distance;
}

static uint64_t EARLY end_of(const char *string)
{
	return (uint64_t)string + length_of(string) + 1;
}

/*
 * The file alone (PR_SET_MM_EXE_FILE) could be set by CAP_SYS_RESOURCE only, which root lacks here and there; the whole description of the
 * process's memory takes CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. It says what was so before, as far as that is of use: "ps" looks for the
 * arguments, brk(2) for its end, a debugger for the place of the program.
 */
static bool EARLY take_file(long *stack, Elf64_auxv_t *auxv, uint64_t span)
{
	char *const *argv = (char **)stack + 1, *const *environment = argv + stack[0] + 1, *const *variable = environment;
	const Elf64_auxv_t *end = auxv;

	while (*variable)
		variable++;
	while (end++->a_type != AT_NULL)
		;
	struct prctl_mm_map map = {
		.start_code = beginning(),
		.end_code = beginning() + span,
		.start_data = beginning(),
		.end_data = beginning() + span,
		.start_brk = (uint64_t)RAW_CALL(SYS_brk, 0),
		.start_stack = (uint64_t)stack,
		.arg_start = (uint64_t)argv[0],
		.arg_end = end_of(argv[stack[0] - 1]),
		.auxv = (__u64 *)auxv,
		.auxv_size = (__u32)((const char *)end - (const char *)auxv),
		.exe_fd = (__u32)view.file,
	};

	map.brk = map.start_brk;
	map.env_start = map.arg_end;
	map.env_end = variable > environment ? end_of(variable[-1]) : map.arg_end;
	return RAW_CALL(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) == 0;
}

/*
 * Take away what the kernel has mapped of the program at base, and nothing else: where pages may be of 64 KiB, segments lie that far apart, and
 * a kernel with smaller ones puts the vDSO in between.
 */
static void EARLY unmap(const struct image *image, uint64_t base)
{
	uint64_t begin = 0, end = 0;

	for (size_t i = 0; i < image->count; i++) {
		const Elf64_Phdr *segment = &image->headers[i];
		const uint64_t first = segment->p_vaddr & ~(image->page - 1);

		if (segment->p_type != PT_LOAD)
			continue;
		if (first > end) {
			RAW_CALL(SYS_munmap, base + begin, end - begin);
			begin = first;
		}
		end = (segment->p_vaddr + segment->p_memsz + image->page - 1) & ~(image->page - 1);
	}
	RAW_CALL(SYS_munmap, base + begin, end - begin);
}

/*
 * In the program that goes on, distance from the original. Between the two calls it runs from the overlay, and /proc/self/exe is the original
 * still; if that stays so, the program has no view, and sealed.c makes the copy in memory.
 */
HIDDEN void EARLY start_settle(long *stack, long distance)
{
	if (!distance)
		return;
	Elf64_auxv_t *auxv = auxv_of(stack);

	*auxv_value(auxv, AT_PHDR) += (uint64_t)distance;
	*auxv_value(auxv, AT_ENTRY) += (uint64_t)distance;

	const struct image image = image_of(auxv);

	unmap(&image, beginning() - (uint64_t)distance);
	view.taken = take_file(stack, auxv, span_of(&image));
	RAW_CALL(SYS_close, view.file);
	if (!view.taken)
		RAW_CALL(SYS_close, view.mount);
}

/*
 * Relocations that are packed (DT_RELR, System V ABI: an address, then maps of the 63 words after it) make the program smaller by 50 KiB. musl
 * knows them from 1.2.4 on: it shall not find them again.
 */
HIDDEN void EARLY start_relocate(void)
{
	const uint64_t base = beginning(), *entry = NULL;
	uint64_t *size = NULL, *where = (uint64_t *)base;

	for (Elf64_Dyn *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELR)
			entry = (const uint64_t *)(base + d->d_un.d_ptr);
		if (d->d_tag == DT_RELRSZ)
			size = &d->d_un.d_val;
	}
	if (!entry || !size)
		return;
	for (const uint64_t *end = entry + *size / sizeof *entry; entry < end; entry++) {
		if (!(*entry & 1)) {
			where = (uint64_t *)(base + *entry);
			*where++ += base;
			continue;
		}
		for (uint64_t words = *entry >> 1; words; words &= words - 1)
			where[__builtin_ctzll(words)] += base;
		where += 63;
	}
	*size = 0;
}

/* The program's entry point: the three steps, the second in the copy if there is one, then the C library's start with the stack as it was. */
__asm__(".section .text.start_here, \"ax\", %progbits\n"
        ".global start_here\n"
        ".type start_here, %function\n"
        "start_here:\n"
#if defined __x86_64__
        "	xor %ebp, %ebp\n"
        "	mov %rsp, %rbx\n"
        "	mov %rsp, %rdi\n"
        "	and $-16, %rsp\n"
        "	call start_load\n"
        "	lea 1f(%rip), %rcx\n"
        "	add %rax, %rcx\n"
        "	jmp *%rcx\n"
        "1:	mov %rbx, %rdi\n"
        "	mov %rax, %rsi\n"
        "	call start_settle\n"
        "	call start_relocate\n"
        "	mov %rbx, %rsp\n"
        "	xor %edx, %edx\n"
        "	jmp _start\n"
#elif defined __aarch64__
        "	mov x29, #0\n"
        "	mov x30, #0\n"
        "	mov x19, sp\n"
        "	mov x0, sp\n"
        "	bl start_load\n"
        "	adr x2, 1f\n"
        "	add x2, x2, x0\n"
        "	br x2\n"
        "1:	mov x1, x0\n"
        "	mov x0, x19\n"
        "	bl start_settle\n"
        "	bl start_relocate\n"
        "	mov x0, #0\n"
        "	b _start\n"
#endif
        ".size start_here, . - start_here\n"
        ".text\n");

#endif
