/* The documents of the specification as tables. Internal to oci/. */
#pragma once

#include "oci/decode.h"

extern const struct table table_config;     /* struct spec */
extern const struct table table_mounts;     /* struct spec: mounts alone */
extern const struct table table_process;    /* struct spec_process */
extern const struct table table_linux;      /* struct spec_linux */
extern const struct table table_resources;  /* struct spec_resources */
extern const struct table table_seccomp;    /* struct spec_seccomp */
extern const struct table table_id_map;     /* struct spec_id_map */

extern const struct table table_solaris, table_windows, table_vm, table_zos, table_freebsd;
