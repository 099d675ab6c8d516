/* What a process is: everything that runtime/process.c applies to init and to exec. */
#pragma once

#include "runtime/capabilities.h"
#include "runtime/keyring.h"
#include "runtime/limits.h"
#include "runtime/lsm.h"
#include "runtime/program.h"
#include "runtime/seccomp.h"
