#!/usr/bin/env python3
"""Runs a command on a terminal of its own, which is that of its session, and tells what became of the terminal.

terminal.py [--when TEXT=SIGNAL] -- COMMAND [ARGUMENT...]      with --when: is sent SIGNAL once it has written TEXT

Prints what the command wrote; then "status N"; "typed TEXT", what lies in the terminal's input, as a shell would read it next; and
"settings restored", for which it waits up to a minute, or what is different. A command that is still there after a minute, or 32 MiB, is
killed.
"""

import fcntl, os, select, signal, sys, termios, time


def start(command, slave):
    pid = os.fork()
    if pid == 0:
        for number in range(1, 65):
            if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
                signal.signal(number, signal.SIG_DFL)
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    return pid


def typed(slave):
    mode = termios.tcgetattr(slave)
    mode[3] &= ~termios.ICANON
    mode[6][termios.VMIN] = mode[6][termios.VTIME] = 0
    termios.tcsetattr(slave, termios.TCSANOW, mode)
    os.set_blocking(slave, False)
    try:
        return os.read(slave, 4096)
    except BlockingIOError:
        return b""


def main():
    at = sys.argv.index("--")
    text, number = (sys.argv[2].split("=") if at > 1 else (None, 0))
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)
    pid, output, status, end = start(sys.argv[at + 1 :], slave), bytearray(), None, time.time() + 60
    while status is None or (len(output) < 1 << 25 and select.select([master], [], [], 0.1)[0]):
        if select.select([master], [], [], 0.05)[0]:
            output += os.read(master, 65536)
        if text and text.encode() in output[-4096:]:
            os.kill(pid, int(number))
            text = None
        if status is None:
            ended, code = os.waitpid(pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(code) if ended else None
        if status is None and (time.time() > end or len(output) > 1 << 25):
            os.kill(pid, signal.SIGKILL)
            end += 3600
    sys.stdout.write(output.decode(errors="replace").replace("\r", ""))
    end = time.time() + 60
    while termios.tcgetattr(slave) != before and time.time() < end:
        time.sleep(0.01)
    after = termios.tcgetattr(slave)
    print("\nstatus", status)
    print("settings restored" if after == before else f"settings were {before}, are {after}")
    print("typed", typed(slave).decode(errors="replace"))


main()
