"""Starts commands and measures them: the time of one, the wall time of many, the peak memory of one."""
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import tempfile
import time

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
PR_SET_CHILD_SUBREAPER = 36


class Failed(Exception):
    """A command that had to succeed did not; the text has it, its status and what it said."""


class Runner:
    """Commands have no input and no output; what one says on stderr is shown if it fails.

    The process that makes a Runner takes over orphans: the containers that a `create` leaves become its children, so that nobody else's
    reaping is measured.
    """

    def __init__(self, peak_helper=None):
        self.peak_helper = peak_helper  # peak.c's program
        self.null = os.open("/dev/null", os.O_RDWR)
        self.said = os.memfd_create("stderr")
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def spawn(self, argv):
        files = [(os.POSIX_SPAWN_DUP2, self.null, 0), (os.POSIX_SPAWN_DUP2, self.null, 1), (os.POSIX_SPAWN_DUP2, self.said, 2)]
        return os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=files)

    def fail(self, argv, status):
        text = os.pread(self.said, 4096, 0).decode(errors="replace").strip()
        raise Failed(f"{' '.join(argv)}: status {os.waitstatus_to_exitcode(status)}: {text}")

    def run(self, argv):
        """Runs argv, returns the seconds that it took."""
        os.ftruncate(self.said, 0)
        os.lseek(self.said, 0, os.SEEK_SET)
        begin = time.perf_counter()
        _, status = os.waitpid(self.spawn(argv), 0)
        elapsed = time.perf_counter() - begin
        if status:
            self.fail(argv, status)
        return elapsed

    def reap(self, pid):
        """Waits for the end of a container's first process."""
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)

    def reap_orphans(self):
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def crowd(self, chains, slots):
        """Runs chains of commands, `slots` at a time; returns the seconds and how many chains failed."""
        waiting, running, failed = iter(chains), {}, 0
        begin = time.perf_counter()

        def advance(chain):
            if chain:
                running[self.spawn(chain[0])] = chain[1:]
                return True
            return False

        for chain in waiting:
            advance(chain)
            if len(running) == slots:
                break
        while running:
            pid, status = os.waitpid(-1, 0)
            if pid not in running: # the first process of a container
                continue
            rest = running.pop(pid)
            failed += status != 0
            if status or not advance(rest):
                advance(next(waiting, []))
        return time.perf_counter() - begin, failed

    def peak(self, argv, prefix=()):
        """The peak resident memory, in KiB, of argv and the children that it reaped. prefix becomes another user (as_user)."""
        # Not through a pipe: a container that the command leaves would keep it open.
        with tempfile.TemporaryFile("w+") as said:
            status = subprocess.run([*prefix, self.peak_helper, *argv], stdin=self.null, stdout=self.null, stderr=said, env=ENVIRONMENT, check=False).returncode
            said.seek(0)
            text = said.read()
        if status:
            raise Failed(f"{' '.join(argv)}: status {status}: {text.strip()}")
        return int(text.split()[-1])


def as_user(uid, cgroup):
    """What to put before a command that is to run as another user, in a cgroup of the user's."""
    return ["sh", "-c", f'echo $$ > {cgroup}/cgroup.procs; exec "$@"', "sh", "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


class UserRunner:
    """A Runner in a process of another user, in a cgroup of the user's: only `run`."""

    def __init__(self, uid, cgroup):
        ours, theirs = os.pipe(), os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ours[1])
            os.close(theirs[0])
            serve(uid, cgroup, os.fdopen(ours[0]), os.fdopen(theirs[1], "w"))
            os._exit(0)
        os.close(ours[0])
        os.close(theirs[1])
        self.requests, self.answers = os.fdopen(ours[1], "w"), os.fdopen(theirs[0])

    def run(self, argv):
        print(json.dumps(argv), file=self.requests, flush=True)
        seconds, error = json.loads(self.answers.readline())
        if error:
            raise Failed(error)
        return seconds

    def end(self):
        self.requests.close()
        os.waitpid(self.pid, 0)


def serve(uid, cgroup, requests, answers):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with open(f"{cgroup}/cgroup.procs", "w") as file:
        file.write("0")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    runner = Runner()
    for line in requests:
        try:
            answer = [runner.run(json.loads(line)), None]
        except (Failed, OSError) as error:
            answer = [None, str(error)]
        print(json.dumps(answer), file=answers, flush=True)
