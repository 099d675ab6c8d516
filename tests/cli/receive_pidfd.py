#!/usr/bin/env python3
"""receive_pidfd.py SOCKET OUTPUT: what comes over a socket of --pidfd-socket: writes the message, and the Pid line of the pidfd that came with it, to
OUTPUT."""

import os, socket, sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1] + ".new")
listener.listen()
os.rename(sys.argv[1] + ".new", sys.argv[1])  # who sees it can connect
message, fds, _, _ = socket.recv_fds(listener.accept()[0], 100, 4)
with open(f"/proc/self/fdinfo/{fds[0]}") as info:
    pids = [line.split()[1] for line in info if line.startswith("Pid:")]
with open(sys.argv[2] + ".tmp", "w") as output:
    print(message.decode(), len(fds), *pids, file=output)
os.rename(sys.argv[2] + ".tmp", sys.argv[2])
