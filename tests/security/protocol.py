#!/usr/bin/env python3
"""Speaks in place of a container's process: sends its runtime a message over the socket between the two, which is taken from it.

protocol.py PID TYPE [SIZE=N] [NUMBER=N] [CODE=N] [TEXT=TEXT] [FD]      TYPE: a number of enum msg_type in runtime/protocol.h
"""

import array, ctypes, os, socket, stat, struct, sys

SIZE = 12 + 1536
PIDFD_GETFD = 438


def take_socket(pid):
    for name in sorted(map(int, os.listdir(f"/proc/{pid}/fd"))):
        if name > 2 and stat.S_ISSOCK(os.stat(f"/proc/{pid}/fd/{name}").st_mode):
            fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, os.pidfd_open(pid), name, 0)
            if fd < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd")
            found = socket.socket(fileno=fd)
            # The task that makes the network namespace may have had one open, of another type, when the process was born.
            if found.type == socket.SOCK_SEQPACKET:
                return found
    raise SystemExit("the process has no socket")


def main():
    pid, kind = int(sys.argv[1]), int(sys.argv[2])
    values = dict(word.split("=", 1) for word in sys.argv[3:] if "=" in word)
    text = values.get("TEXT", "").encode().decode("unicode_escape").encode("latin-1")
    message = struct.pack("<Iii", kind & 0xFFFFFFFF, int(values.get("NUMBER", 0)), int(values.get("CODE", 0))) + text
    size = int(values.get("SIZE", SIZE))
    ancillary = []
    if "FD" in sys.argv[3:]:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [os.open("/dev/null", os.O_RDONLY)]))]
    # Whatever is missing is not zero.
    take_socket(pid).sendmsg([message.ljust(size, b"A")[:size]], ancillary)


main()
