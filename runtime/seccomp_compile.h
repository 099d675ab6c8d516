/*
 * From a profile to the program. libseccomp gives the numbers of the system calls and the architectures; the code is our own,
 * because up to libseccomp 2.6.0 several conditions on one argument can give a filter that allows what it should not
 * (GHSA-4q85-33p6-j5g6; with 2.5.4 "< 3" and ">= 2^32" allow every value), some do not end at all, and a profile like Docker's
 * takes it 12 milliseconds. The meaning is that of libseccomp as runc uses it, said exactly:
 *
 * - A rule whose action is the default action is left out.
 * - For one system call on one architecture: the first rule without conditions decides. Without such a rule, the first rule
 *   whose conditions all hold, in the order of the profile; else the default action. A rule that therefore never counts is
 *   told in the debug log: Docker's own profile has some.
 * - Several conditions on the same argument of one rule are alternatives, each a rule of its own.
 * - SCMP_CMP_MASKED_EQ: (argument & value) == (valueTwo & value).
 * - On 32-bit architectures arguments have 32 bits: "equal", "not equal" and "masked equal" compare these, so that -1 written
 *   as 64 bits is still -1.
 * - Calls that an architecture also reaches through socketcall or ipc (i386 …) are filtered there too. Their arguments are out
 *   of a filter's reach there: a conditional rule that is stricter than the default action holds there without its conditions,
 *   another not at all.
 * - x32 calls are those of x86-64 with a bit set: unless the profile lists SCMP_ARCH_X32 they kill as other architectures do.
 */
#pragma once

#include "oci/spec.h"
#include "runtime/seccomp.h"

/* Set program and length of filter for a profile that has been validated. Errors name the JSON path. */
int seccomp_compile(struct seccomp_filter *filter, const struct spec_seccomp *seccomp);
