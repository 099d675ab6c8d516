/*
 * Programs of other architectures, run by the host's qemu-user-static: binfmt_misc(5) of the container's own user namespace,
 * which Linux has from 6.7 on. The host's registrations are neither used for that nor changed.
 */
#pragma once

#include "rootfs/rootfs.h"

#define EMULATE_PACKAGE "qemu-user-static"

/*
 * Pure. The emulator, "qemu-aarch64-static", of programs whose ELF header has this class, byte order and machine (EI_CLASS,
 * EI_DATA, e_machine of elf(5)); NULL: none is known, or this machine runs them itself.
 */
const char *emulate_program(unsigned class, unsigned data, unsigned machine, const char *here);

/*
 * In init, in the container's user namespace and with the host's files still in reach: register every emulator that the host
 * has in /usr/bin, each opened now and without a way to write to it (flag F), and leave the file system that holds the
 * registrations, which lives as long as it is mounted, read-only at /proc/sys/fs/binfmt_misc. Fills the record.
 */
int emulate_register(struct rootfs *rootfs);
