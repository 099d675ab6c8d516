"""A thousand containers alive at once: how long until they are, what a `run` and a `list` beside them take, and until they are gone."""
import subprocess
import time

from works import RUNTIMES, SLOTS, Target

COUNT = 1000
RUNS = 40  # beside none (half of them before, half after), and beside all
LISTS = 20
TURNS = [(turn, name) for turn in (1, 2, 3) for name in RUNTIMES if name != "runc" or turn == 1] # runc once: it takes as long as all others

# Measures of one crowd, in the order of the table: name, title, targets
MEASURES = [
    ("alive", f"{COUNT} alive at once: created and started, {SLOTS} at a time", [Target(0.5, "crun")]),
    ("alone", "`run` a no-op beside none", []),
    ("beside", f"`run` a no-op beside {COUNT}", [Target(1.1, "alone/berth")]),
    ("list", f"`list` of {COUNT}", [Target(0.010, text="10 ms")]),
    ("gone", f"{COUNT} killed and deleted, {SLOTS} at a time", []),
]


def names():
    return [f"crowd-{number}" for number in range(COUNT)]


def take_turns(bench, names_of_runtimes, count):
    bundle, samples = bench.bundles.bundle("minimal"), {}
    for _ in range(count):
        for name in names_of_runtimes:
            samples.setdefault(name, []).append(bench.runner.run(bench.runtimes[name].run(bundle)))
    return samples


def settle():
    """Network namespaces go in the kernel's own time, and are in the way of who makes one."""
    time.sleep(2)


def not_running(runtime):
    """How many of the containers `list` does not show as running."""
    shown = subprocess.run(runtime.command("list"), stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    return COUNT - sum(1 for line in shown if line.startswith("crowd-") and " running " in line)


def measure(bench, name):
    """Returns {measure: {runtime: [seconds]}} and how many of the containers failed. The floor is beside berth's crowd."""
    runtime, runner = bench.runtimes[name], bench.runner
    turns = ["floor", name] if name == "berth" else [name]
    births = [[runtime.command("create", "--bundle", bench.bundles.bundle("minimal", "/pause", each), each), runtime.command("start", each)]
              for each in names()]
    settle()
    before = take_turns(bench, turns, RUNS // 2)
    alive, failed = runner.crowd(births, SLOTS)
    failed += not_running(runtime) if not failed else 0
    settle()
    beside = take_turns(bench, turns, RUNS)
    lists = [runner.run(runtime.command("list")) for _ in range(LISTS)]
    list_peak = runner.peak(runtime.command("list")) * 1024
    gone, undead = runner.crowd([[runtime.command("delete", "--force", each)] for each in names()], SLOTS)
    runner.reap_orphans()
    settle()
    after = take_turns(bench, turns, RUNS // 2)
    alone = {each: before[each] + after[each] for each in turns}
    return {"alive": {name: [alive]}, "alone": alone, "beside": beside, "list": {name: lists}, "list-peak": {name: [list_peak]}, "gone": {name: [gone]}}, failed + undead
