/*
 * System calls without the C library: for code that runs before it does, or in a task that shares the memory of a thread, and with it what the
 * library keeps of that thread, errno among it. Only on machines that are known here (HAVE_RAW_CALL).
 */
#pragma once

#include <stdint.h>
#include <sys/syscall.h>

/* RAW_CALL(SYS_name, up to six numbers or addresses): the result, or -errno. */
#define RAW_CALL(...) RAW_CALL_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define RAW_CALL_PADDED(number, a, b, c, d, e, f, ...)                                                                          \
	raw_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#if defined __x86_64__
#define HAVE_RAW_CALL 1

static inline __attribute__((always_inline)) long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10"); /* given what they hold by themselves: not every analyser can read it at once */
	register long r8 __asm__("r8");
	register long r9 __asm__("r9");
	long r;

	r10 = d;
	r8 = e;
	r9 = f;
	__asm__ volatile("syscall" : "=a"(r) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
}
#elif defined __aarch64__
#define HAVE_RAW_CALL 1

static inline __attribute__((always_inline)) long raw_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8");
	register long x0 __asm__("x0");
	register long x1 __asm__("x1");
	register long x2 __asm__("x2");
	register long x3 __asm__("x3");
	register long x4 __asm__("x4");
	register long x5 __asm__("x5");

	x8 = number;
	x0 = a;
	x1 = b;
	x2 = c;
	x3 = d;
	x4 = e;
	x5 = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#endif
