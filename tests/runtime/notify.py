#!/usr/bin/env python3
"""A service manager's end of sd_notify(3).

notify.py SOCKET LOG

Binds SOCKET ("@NAME" is an abstract one) and writes each line of what comes to LOG.  A descriptor that comes along is closed, as
systemd does with that of BARRIER=1; another one is written to LOG, too.
"""
import os
import socket
import sys

path, log = sys.argv[1:]
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("\0" + path[1:] if path[0] == "@" else path)
with open(log, "w", buffering=1) as out:
    while True:
        data, descriptors, _, _ = socket.recv_fds(server, 65536, 8)
        for line in data.decode(errors="replace").splitlines():
            print(line, file=out)
        if descriptors and data != b"BARRIER=1":
            print("a descriptor", file=out)
        for descriptor in descriptors:
            os.close(descriptor)
