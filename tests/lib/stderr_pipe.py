#!/usr/bin/env python3
"""stderr_pipe.py gone|full COMMAND [ARGUMENT...]

Executes a command whose standard error is a pipe: one that nobody has open for reading, or one that is full, and stays so. The other
streams are /dev/null. No signal is ignored.
"""

import os, signal, sys

what, command = sys.argv[1], sys.argv[2:]
for number in signal.SIGPIPE, signal.SIGXFSZ:
    signal.signal(number, signal.SIG_DFL)
reader, writer = os.pipe()
if what == "full":
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    os.set_inheritable(reader, True)
else:
    os.close(reader)
null = os.open("/dev/null", os.O_RDWR)
for fd in 0, 1:
    os.dup2(null, fd)
os.dup2(writer, 2)
os.execv(command[0], command)
