"""What is measured, as data: the works that take turns, a sample each; and the crowd of a thousand."""
import dataclasses
import typing

from bundles import PLACE, Bundles
from runner import Failed, Runner, UserRunner

ALL = ("floor", "berth", "crun", "runc")
RUNTIMES = ALL[1:]
THIRD = 1 / 3
SLOTS = 16


@dataclasses.dataclass
class Bench:
    """What a work needs."""
    runner: Runner
    user: UserRunner
    runtimes: dict
    user_runtimes: dict
    bundles: Bundles


@dataclasses.dataclass
class Target:
    """median <= limit x (that of `against`), or <= limit where against is empty. `against` is "RUNTIME" or "WORK/RUNTIME"."""
    limit: float
    against: str = ""
    text: str = ""


@dataclasses.dataclass
class Work:
    name: str
    title: str
    sample: typing.Callable  # (bench, name of a runtime) -> seconds
    targets: list
    runtimes: tuple = RUNTIMES
    every: int = 1           # takes part in one round of so many
    quick: bool = True       # bench-check repeats it
    prepare: typing.Callable = lambda bench, name: None
    finish: typing.Callable = lambda bench, name: None


# Samples ------------------------------------------------------------------------------------------------------------------

def run_of(kind, cold=False):
    def sample(bench, name):
        runtime = bench.runtimes[name]
        if cold:
            runtime.forget_filters()
        return bench.runner.run(runtime.run(bench.bundles.bundle(kind)))
    return sample


def run_as_user(bench, name):
    return bench.user.run(bench.user_runtimes[name].run(bench.bundles.bundle("rootless")))


def first_process(pid_file):
    with open(pid_file) as file:
        return int(file.read())


def create_command(bench, name, container):
    """Of a container that does nothing until it is killed. Returns the command and its pid file."""
    pid_file = f"{PLACE}/{container}.pid"
    bundle = bench.bundles.bundle("minimal", "/pause", container)
    return bench.runtimes[name].command("create", "--bundle", bundle, "--pid-file", pid_file, container), pid_file


def life(bench, name):
    """create + start + state + kill + delete; what lies between kill and the process's end is nobody's time."""
    runtime, run = bench.runtimes[name], bench.runner.run
    create, pid_file = create_command(bench, name, "life")
    steps = [create, runtime.command("start", "life"), runtime.command("state", "life"), runtime.command("kill", "life", "KILL")]
    total = sum(run(step) for step in steps)
    bench.runner.reap(first_process(pid_file))
    return total + run(runtime.command("delete", "life"))


def begin_host(bench, name):
    bench.runner.run(create_command(bench, name, "host-" + name)[0])
    bench.runner.run(bench.runtimes[name].command("start", "host-" + name))


def end_host(bench, name):
    bench.runner.run(bench.runtimes[name].command("delete", "--force", "host-" + name))
    bench.runner.reap_orphans()


def exec_nop(bench, name):
    return bench.runner.run(bench.runtimes[name].command("exec", "host-" + name, "/nop"))


def hundred(bench, name):
    names = [f"many-{number}" for number in range(100)]
    chains = [[bench.runtimes[name].run(bench.bundles.bundle("minimal", "/nop", each), each)] for each in names]
    seconds, failed = bench.runner.crowd(chains, SLOTS)
    if failed:
        raise Failed(f"{name}: {failed} of 100 containers failed")
    return seconds


# The list -----------------------------------------------------------------------------------------------------------------

WORKS = [
    Work("run", "`run` a no-op, minimal bundle", run_of("minimal"),
         [Target(1.6, "floor"), Target(THIRD, "crun")], ALL),
    Work("docker", "`run` a no-op, Docker's configuration, filter cached", run_of("docker"),
         [Target(2, "run/floor"), Target(THIRD, "crun")]),
    Work("docker-cold", "`run` a no-op, Docker's configuration, filter not cached", run_of("docker", cold=True),
         [Target(0.5, "crun")]),
    Work("life", "`create` + `start` + `state` + `kill` + `delete`", life,
         [Target(THIRD, "crun")]),
    Work("exec", "`exec` a no-op", exec_nop,
         [Target(THIRD, "crun")], prepare=begin_host, finish=end_host),
    Work("userns", "`run`, user namespace with a mapped range", run_of("userns"),
         [Target(0.5, "crun")]),
    Work("rootless", "`run` by a user, single id mapped", run_as_user,
         [Target(0.5, "crun")]),
    Work("hundred", f"100 containers, {SLOTS} at a time", hundred,
         [Target(0.5, "crun")], ALL, every=10, quick=False),
]
