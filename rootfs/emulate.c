#include "rootfs/emulate.h"

#include "base/error.h"
#include "base/fd.h"
#include "base/sys.h"
#include "rootfs/path.h"
#include "rootfs/tree.h"

#include <elf.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

#define KEY "/annotations/org.berth.emulate"
#define PLACE "/proc/sys/fs/binfmt_misc"
#define EMULATORS "/usr/bin"
#define EM_LOONGARCH_ 258

static const struct emulator {
	const char *program;
	unsigned char class, data;
	unsigned machine;
	const char *native; /* as uname(2) has it, */
	const char *also;   /* and another that runs them itself */
} emulators[] = {
	{ "qemu-aarch64-static", ELFCLASS64, ELFDATA2LSB, EM_AARCH64, "aarch64", NULL },
	{ "qemu-arm-static", ELFCLASS32, ELFDATA2LSB, EM_ARM, "armv7l", "aarch64" },
	{ "qemu-riscv64-static", ELFCLASS64, ELFDATA2LSB, EM_RISCV, "riscv64", NULL },
	{ "qemu-ppc64le-static", ELFCLASS64, ELFDATA2LSB, EM_PPC64, "ppc64le", NULL },
	{ "qemu-s390x-static", ELFCLASS64, ELFDATA2MSB, EM_S390, "s390x", NULL },
	{ "qemu-loongarch64-static", ELFCLASS64, ELFDATA2LSB, EM_LOONGARCH_, "loongarch64", NULL },
	{ "qemu-mips64el-static", ELFCLASS64, ELFDATA2LSB, EM_MIPS, "mips64", NULL },
	{ "qemu-x86_64-static", ELFCLASS64, ELFDATA2LSB, EM_X86_64, "x86_64", NULL },
};

static bool is_native(const struct emulator *emulator, const char *here)
{
	return strcmp(emulator->native, here) == 0 || (emulator->also && strcmp(emulator->also, here) == 0);
}

const char *emulate_program(unsigned class, unsigned data, unsigned machine, const char *here)
{
	for (size_t i = 0; i < sizeof emulators / sizeof *emulators; i++) {
		const struct emulator *e = &emulators[i];

		if (e->class == class && e->data == data && e->machine == machine)
			return is_native(e, here) ? NULL : e->program;
	}
	return NULL;
}

/*
 * --- registration
 * -------------------------------------------------------------------------------------------------------------
 */

/* Begin of the ELF header: any ABI of an operating system; executables, position-independent ones too (types 2 and 3). */
#define HEADER 20

static char *describe(const struct emulator *e, struct arena *arena)
{
	bool little = e->data == ELFDATA2LSB;
	unsigned char magic[HEADER] = { 0x7f, 'E', 'L', 'F', e->class, e->data, EV_CURRENT }, mask[HEADER];
	char magic_text[4 * HEADER + 1], mask_text[4 * HEADER + 1];

	magic[little ? 16 : 17] = ET_EXEC;
	magic[little ? 18 : 19] = (unsigned char)e->machine;
	magic[little ? 19 : 18] = (unsigned char)(e->machine >> 8);
	memset(mask, 0xff, sizeof mask);
	mask[EI_OSABI] = 0;
	mask[little ? 16 : 17] = 0xfe;
	for (size_t i = 0; i < HEADER; i++) {
		snprintf(magic_text + 4 * i, 5, "\\x%02x", magic[i]);
		snprintf(mask_text + 4 * i, 5, "\\x%02x", mask[i]);
	}
	/*
	 * P: the program keeps its argv[0]. Not C, by which setuid programs would give the emulator their owner's privileges.
	 */
	return arena_printf(arena, ":%s:M::%s:%s:%s:PF", e->program, magic_text, mask_text, e->program);
}

/*
 * Of all that the host has. The working directory is that of the emulators: their names are what the workload sees, as argv[0]
 * of qemu's processes and in the files of binfmt_misc, and the way to them is the host's own business.
 */
static int register_all(int binfmt, int programs, struct arena *arena)
{
	struct utsname here;
	int count = 0;

	if (uname(&here) < 0)
		return fail(errno, "uname");
	for (size_t i = 0; i < sizeof emulators / sizeof *emulators; i++) {
		const struct emulator *e = &emulators[i];

		if (is_native(e, here.machine) || faccessat(programs, e->program, X_OK, 0) < 0)
			continue;
		int r = write_file_at(binfmt, "register", describe(e, arena));

		if (r < 0)
			return fail(-r, KEY ": register %s", e->program);
		count++;
	}
	return count > 0 ? 0 : refuse(ENOENT, KEY ": no emulator in " EMULATORS ", such as %s: install " EMULATE_PACKAGE,
	                              is_native(&emulators[0], here.machine) ? emulators[2].program : emulators[0].program);
}

static int register_from(int binfmt, int programs, struct arena *arena)
{
	int before = enter_dir(programs);

	if (before < 0)
		return fail(-before, "enter " EMULATORS);
	int r = register_all(binfmt, programs, arena), left = leave_dir(before);

	return left < 0 ? fail(-left, "leave " EMULATORS) : r;
}

static int open_binfmt(void)
{
	_cleanup_fd_ int fs = sys_fsopen("binfmt_misc");

	if (fs == -ENODEV)
		return refuse(ENODEV, KEY ": this kernel has no binfmt_misc (CONFIG_BINFMT_MISC)");
	int r = fs < 0 ? fs : sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "binfmt_misc", 0);

	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r >= 0)
		r = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (r == -EPERM)
		return refuse(EPERM, KEY ": mount binfmt_misc in the container's user namespace: that needs Linux 6.7");
	return r < 0 ? fail(-r, KEY ": mount binfmt_misc") : r;
}

/*
 * Whoever runs an emulated program has the emulator as /proc/PID/exe, a file of the host's, and may be the host's root if the
 * id maps say so: that it comes from a read-only mount of its own holds for every later opening.
 */
static int open_programs(void)
{
	_cleanup_fd_ int tree = tree_clone(AT_FDCWD, EMULATORS, true);
	int r = tree < 0 ? tree : tree_set(tree, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, true);

	return r < 0 ? fail(-r, KEY ": clone " EMULATORS) : steal_fd(&tree);
}

static int open_place(const struct rootfs *rootfs)
{
	_cleanup_fd_ int fd = path_open_plain(rootfs->root, PLACE, O_PATH | O_DIRECTORY);
	struct statfs fs;

	if (fd < 0)
		return fail(-fd, KEY ": " PLACE " (the configuration must mount all of proc)");
	if (fstatfs(fd, &fs) < 0)
		return fail(errno, "stat " PLACE);
	return fs.f_type == PROC_SUPER_MAGIC ? steal_fd(&fd) : refuse(EINVAL, KEY ": needs a mount of proc at /proc");
}

int emulate_register(struct rootfs *rootfs)
{
	_cleanup_fd_ int binfmt = open_binfmt(), programs = -1, place = -1;

	if (binfmt < 0)
		return binfmt;
	programs = open_programs();
	if (programs < 0)
		return programs;
	place = open_place(rootfs);
	if (place < 0)
		return place;
	int r = register_from(binfmt, programs, &rootfs->arena);

	if (r < 0)
		return r;
	/* Without CAP_SYS_ADMIN nobody in the container registers programs of its own, or switches these off. */
	r = tree_set(binfmt, MOUNT_ATTR_RDONLY, false);
	if (r >= 0)
		r = sys_move_mount_fd(binfmt, place);
	return r < 0 ? fail(-r, KEY ": mount binfmt_misc at " PLACE) : 0;
}
