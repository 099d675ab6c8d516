#!/usr/bin/env python3
"""A criu that writes down what it is asked for, and does not do it.

criu swrk FD      as criu's RPC has it (criu_req in, criu_resp out, over a SEQPACKET socket); each request goes to the file `asked`
                  beside this program, as "request TYPE" and a line "FIELD VALUE" for each of its options
"""
import os
import socket
import sys

DUMP, NOTIFY, FEATURE_CHECK = 1, 6, 9
LAZY_PAGES = 48


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        yield tag >> 3, value


connection = socket.socket(fileno=int(sys.argv[2]))
while True:
    message = connection.recv(65536)
    if not message:
        break
    request = dict(fields(message))
    with open(os.path.join(os.path.dirname(os.path.abspath(sys.argv[0])), "asked"), "a", encoding="utf-8") as out:
        print("request", request[1], file=out)
        for field, value in fields(request.get(2, b"")):
            text = value if isinstance(value, int) else value.decode(errors="replace")
            print(field, text if isinstance(text, int) or text.isprintable() else value, file=out)
    # Memory can be tracked, and be fetched later, from when that is said; all else fails.
    if request[1] == DUMP and dict(fields(request[2])).get(LAZY_PAGES):
        script = b"status-ready"
        notify = bytes([1 << 3 | 2, len(script)]) + script
        connection.send(bytes([8, NOTIFY, 16, 1, 5 << 3 | 2, len(notify)]) + notify)
    elif request[1] == FEATURE_CHECK:
        connection.send(bytes([8, FEATURE_CHECK, 16, 1, 8 << 3 | 2, 4, 8, 1, 16, 1]))
    else:
        connection.send(bytes([8, DUMP if request[1] == NOTIFY else request[1], 16, 0]))
