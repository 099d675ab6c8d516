#!/usr/bin/env python3
"""Prints which kinds of eBPF programs for networks the kernel has on a cgroup itself, one a line: it is asked, not berth.

programs.py CGROUP-DIRECTORY
"""

import ctypes, os, platform, struct, sys

BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
PROG_QUERY = 16
KINDS = {"ingress": 0, "egress": 1, "sock_create": 2, "sock_ops": 3}  # enum bpf_attach_type

libc = ctypes.CDLL(None, use_errno=True)
directory = os.open(sys.argv[1], os.O_RDONLY | os.O_DIRECTORY)
for name, kind in KINDS.items():
    # target_fd, attach_type, query_flags, attach_flags, prog_ids, prog_cnt: with no room for ids it only counts
    attr = ctypes.create_string_buffer(struct.pack("IIIIQI", directory, kind, 0, 0, 0, 0), 128)
    if libc.syscall(BPF, PROG_QUERY, attr, 128) < 0:
        sys.exit(f"BPF_PROG_QUERY: {os.strerror(ctypes.get_errno())}")
    if struct.unpack_from("I", attr, 24)[0] > 0:
        print(name)
