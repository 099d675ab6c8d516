/*
 * Debian builds its static libraries against glibc with _FORTIFY_SOURCE. On musl, which has no fortified entry points and (from
 * 1.2.4 on) no large-file aliases, these give them the names they ask for. The bounds are still enforced.
 * Compiled on every C library, empty but on musl.
 */
#if defined(__linux__) && !defined(__GLIBC__)
#include <features.h>
#endif
#ifndef __GLIBC__

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void require(int ok)
{
	if (!ok)
		abort();
}

int __vfprintf_chk(FILE *file, int flag, const char *fmt, va_list args)
{
	(void)flag;
	return vfprintf(file, fmt, args);
}

int __fprintf_chk(FILE *file, int flag, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	va_start(args, fmt);
	int n = vfprintf(file, fmt, args);
	va_end(args);
	return n;
}

int __asprintf_chk(char **out, int flag, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	va_start(args, fmt);
	int n = vasprintf(out, fmt, args);
	va_end(args);
	return n;
}

int __snprintf_chk(char *out, size_t size, int flag, size_t room, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	require(size <= room);
	va_start(args, fmt);
	int n = vsnprintf(out, size, fmt, args);
	va_end(args);
	return n;
}

int __sprintf_chk(char *out, int flag, size_t room, const char *fmt, ...)
{
	va_list args;

	(void)flag;
	va_start(args, fmt);
	int n = vsnprintf(out, room < INT32_MAX ? room : INT32_MAX, fmt, args);
	va_end(args);
	require(n >= 0 && (size_t)n < room);
	return n;
}

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
	require(size <= room);
	return memcpy(to, from, size);
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	require(strlen(from) < room);
	return strcpy(to, from);
}

char *__strncat_chk(char *to, const char *from, size_t size, size_t room)
{
	require(strlen(to) + strnlen(from, size) < room);
	return strncat(to, from, size);
}

char *__realpath_chk(const char *path, char *resolved, size_t room)
{
	require(room >= 4096);
	return realpath(path, resolved);
}

void __longjmp_chk(jmp_buf env, int value)
{
	longjmp(env, value);
}

/* C23's strtol family (glibc ≥ 2.38); weak, since a later musl may bring them. */
#define WEAK __attribute__((weak))

WEAK long __isoc23_strtol(const char *text, char **end, int base)
{
	return strtol(text, end, base);
}

WEAK unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
	return strtoul(text, end, base);
}

WEAK int __isoc23_sscanf(const char *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vsscanf(text, fmt, args);
	va_end(args);
	return n;
}

WEAK int __isoc23_fscanf(FILE *file, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	int n = vfscanf(file, fmt, args);
	va_end(args);
	return n;
}

#undef fopen64
#undef open64
#undef stat64
#undef fstat64
#undef lstat64
WEAK FILE *fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

WEAK int open64(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = va_arg(args, mode_t);
	va_end(args);
	return open(path, flags, mode);
}

WEAK int fstat64(int fd, struct stat *st)
{
	return fstat(fd, st);
}

WEAK int stat64(const char *path, struct stat *st)
{
	return stat(path, st);
}
#endif
