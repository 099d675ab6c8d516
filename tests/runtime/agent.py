#!/usr/bin/env python3
"""A seccomp agent: config-linux.md "Seccomp" and "The Container Process State".

agent.py SOCKET DIRECTORY REPLY

Listens at SOCKET. For connection N (0, 1, ...) writes the container process state to DIRECTORY/N.json and then answers each notification:
REPLY is "continue", "value=V" or "errno=E"; the system calls asked about are appended to DIRECTORY/N.calls.
"""

import array, fcntl, json, os, socket, struct, sys, threading

RECV, SEND = 0xC0502100, 0xC0182101
CONTINUE = 1


def receive(connection):
    """The state, the descriptors that came with its first message, and whether the connection was closed after it."""
    data, control, _, _ = connection.recvmsg(1 << 20, socket.CMSG_SPACE(4 * 16))
    fds = array.array("i")
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(payload[: len(payload) - len(payload) % 4])
    while True:
        more = connection.recv(1 << 20)
        if not more:
            return json.loads(data), list(fds)
        data += more


def answer(listener, reply, calls):
    while True:
        request = bytearray(80)
        try:
            fcntl.ioctl(listener, RECV, request)
        except OSError:
            return  # nobody is left who could ask
        ident, pid, _, number = struct.unpack_from("=QIIi", request)
        with open(calls, "a") as f:
            print(number, file=f)
        value = error = flags = 0
        if reply == "continue":
            flags = CONTINUE
        elif reply.startswith("value="):
            value = int(reply[6:])
        else:
            error = -int(reply[6:])
        try:
            fcntl.ioctl(listener, SEND, bytearray(struct.pack("=QqiI", ident, value, error, flags)))
        except OSError:
            pass


def main():
    path, directory, reply = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path + ".new")
    server.listen(8)
    os.rename(path + ".new", path)  # who sees it can connect
    n = 0
    while True:
        connection, _ = server.accept()
        state, fds = receive(connection)
        state["received"] = len(fds)
        with open(f"{directory}/{n}.new", "w") as f:
            json.dump(state, f)
        os.rename(f"{directory}/{n}.new", f"{directory}/{n}.json")
        if fds:
            threading.Thread(target=answer, args=(fds[0], reply, f"{directory}/{n}.calls"), daemon=True).start()
        n += 1


main()
