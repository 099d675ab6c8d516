#!/usr/bin/env python3
"""Runs a command on a terminal of its own, as a user would.

on_terminal.py ROWSxCOLUMNS [ACTION...] -- COMMAND [ARGUMENT...]

Actions are taken in order, each once its TEXT has been read:
  --send TEXT=INPUT       types INPUT (with C escapes)
  --resize TEXT=RxC       gives the terminal another size
  --signal TEXT=NUMBER    sends the command a signal
  --run TEXT=SCRIPT       runs SCRIPT in a shell of its own
  --continue TEXT=        waits until the command has stopped, and lets it run on

Prints what the command wrote, then "settings restored" or what is different, and exits with the command's status.
"""

import codecs, fcntl, os, pty, select, signal, struct, subprocess, sys, termios, time


def set_size(fd, size):
    rows, columns = map(int, size.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def settings(fd):
    return termios.tcgetattr(fd)


def parse(args):
    size, actions = args[0], []
    i = 1
    while args[i] != "--":
        text, _, value = args[i + 1].partition("=")
        actions.append((args[i], text.encode(), value))
        i += 2
    return size, actions, args[i + 1 :]


def act(kind, value, master, pid):
    if kind == "--send":
        os.write(master, codecs.decode(value, "unicode_escape").encode())
    elif kind == "--resize":
        set_size(master, value)
    elif kind == "--run":
        subprocess.run(value, shell=True, check=True, stdin=subprocess.DEVNULL)
    elif kind == "--continue":
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
    else:
        os.kill(pid, int(value))


def main():
    size, actions, command = parse(sys.argv[1:])
    master, slave = pty.openpty()
    set_size(slave, size)
    before = settings(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(slave, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    output, new, status, deadline = b"", b"", None, time.time() + 200
    while True:
        readable, _, _ = select.select([master], [], [], 0.05)
        if readable:
            data = os.read(master, 65536)
            output += data
            new += data
        while actions and actions[0][1] in new:
            kind, text, value = actions.pop(0)
            new = new[new.index(text) + len(text) :]
            act(kind, value, master, pid)
        if status is None:
            ended, code = os.waitpid(pid, os.WNOHANG)
            status = code if ended else None
        elif not readable:
            break
        if time.time() > deadline:
            os.kill(pid, signal.SIGKILL)
            print("killed after 200 seconds; still to do:", actions)
            deadline += 3600
    sys.stdout.write(output.decode(errors="replace").replace("\r\n", "\n"))
    after = settings(slave)
    print("\nsettings restored" if before == after else f"\nsettings were {before}\nsettings are {after}")
    for action in actions:
        print("never read:", action)
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


main()
