"""The peak resident memory of every command, and of the process that waits in a container for its start."""
import contextlib

from bundles import USER, USER_PLACE
from runner import Failed, as_user
from works import create_command, first_process

TRIES = 3  # the largest counts

# Commands on a created container.
COMMANDS = [
    ("start", ["start", "{id}"]),
    ("exec", ["exec", "{id}", "/nop"]),
    ("state", ["state", "{id}"]),
    ("list", ["list"]),
    ("ps", ["ps", "{id}"]),
    ("events --stats", ["events", "--stats", "{id}"]),
    ("pause", ["pause", "{id}"]),
    ("resume", ["resume", "{id}"]),
    ("top --once", ["top", "--once"]),
    ("features", ["features"]),
]


def high_water(pid):
    """Of a process that is alive, in KiB."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def runs(bench, name, peak):
    runtime, bundle = bench.runtimes[name], bench.bundles.bundle
    yield "run, minimal", peak(runtime.run(bundle("minimal")))
    runtime.forget_filters()
    yield "run, Docker's, filter not cached", peak(runtime.run(bundle("docker")))
    yield "run, Docker's, filter cached", peak(runtime.run(bundle("docker")))
    yield "run, user namespace", peak(runtime.run(bundle("userns")))
    yield "run, by a user", peak(bench.user_runtimes[name].run(bundle("rootless")), as_user(USER, USER_PLACE))


def life(bench, name, peak):
    runtime, container = bench.runtimes[name], "memory"
    command, pid_file = create_command(bench, name, container)
    yield "create", peak(command)
    yield "created, waits for start", high_water(first_process(pid_file))
    for command, arguments in COMMANDS:
        with contextlib.suppress(Failed): # a command that it does not have
            yield command, peak(runtime.command(*[word.format(id=container) for word in arguments]))
    yield "kill", peak(runtime.command("kill", container, "KILL"))
    yield "delete", peak(runtime.command("delete", "--force", container))
    bench.runner.reap_orphans()


def peaks(bench, name):
    """Returns {command: KiB}."""
    largest = {}
    for _ in range(TRIES):
        for part in runs, life:
            for command, kib in part(bench, name, bench.runner.peak):
                largest[command] = max(kib, largest.get(command, 0))
    return largest

