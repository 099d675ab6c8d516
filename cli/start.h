/*
 * Where the program begins, before the C library does: the quick way to run from a file that nobody can change (sealed.h), without a copy of
 * it, and without executing the program again.
 *
 * An overlay without an upper layer shows the program's directory; nothing can be written through it, and no remount changes that,
 * whatever privileges a container has. A command that is to run from there maps the program from it a second time, goes on in that, unmaps the
 * first, and takes the overlay's file for its own, at last as /proc/self/exe (PR_SET_MM_MAP, prctl(2)). At that moment nothing has been relocated
 * yet and a few pages touched: the program that is mapped twice costs hardly more than the one that is mapped once.
 */
#pragma once

/*
 * From here on, what has been relocated (PT_GNU_RELRO: tables of pointers, of functions above all) can only be read. The dynamic linker's work,
 * which a program without one has to do itself: musl does not. -errno with the record.
 */
int start_protect(void);

/*
 * A descriptor of the overlay that the program runs from, which nobody needs, but whose closing makes the kernel wait (struct runtime). -1 if it
 * runs from its own file: the command needs no other, or that cannot be had: it takes CAP_SYS_ADMIN, a kernel with
 * CONFIG_CHECKPOINT_RESTORE, a file system that can be a lower layer (an overlay of overlays cannot), descriptors 0 to 2 that are open, and a
 * machine and C library that this is written for (Makefile).
 */
int start_view(void);
