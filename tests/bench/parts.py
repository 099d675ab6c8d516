"""What a benchmark is made of: each part measures something, and returns its results with their targets."""
import os
import sys

import memory
import same
import system_calls
import thousand
import trace
from bundles import PLACE
from runner import Failed
from runtimes import Floor
from summary import judged, result
from works import ALL, RUNTIMES, WORKS, Target

WARM_UP = 2
MOST_FAILURES = 3 # of a work under a runtime: more end the benchmark
TRACES = 60
PEAK, SIZE = Target(1.2e6, text="1.2 MB"), Target(900e3, text="900 KB")


def progress(text):
    if sys.stderr.isatty():
        print(f"\r{text:70}\r", end="", file=sys.stderr, flush=True)


class Samples:
    """{work: {runtime: [seconds]}}, and how many failed: those are counted, told, and no sample."""

    def __init__(self):
        self.seconds, self.failed = {}, {}

    def take(self, bench, work, name):
        values = self.seconds.setdefault(work.name, {}).setdefault(name, [])
        failed = self.failed.setdefault(work.name, {})
        try:
            values.append(work.sample(bench, name))
        except Failed as error:
            failed[name] = failed.get(name, 0) + 1
            print(f"bench: {work.name}, {name}: {error}", file=sys.stderr)
            if failed[name] > MOST_FAILURES:
                raise


def take_turns(bench, works, rounds, names=ALL):
    """In each round every work once under each of its runtimes. Returns Samples."""
    cells = [(work, name) for work in works for name in work.runtimes if name in names]
    samples = Samples()
    for work, name in cells:
        work.prepare(bench, name)
        for _ in range(1 if work.every > 1 else WARM_UP): # fills caches
            work.sample(bench, name)
    for turn in range(rounds):
        progress(f"round {turn + 1} of {rounds}")
        for work, name in cells:
            if turn % work.every == 0:
                samples.take(bench, work, name)
                bench.runner.reap_orphans()
    for work, name in cells:
        work.finish(bench, name)
    return samples


def times(bench, works, rounds):
    samples = take_turns(bench, works, rounds)
    return [(result(work.name, work.title, "s", samples.seconds[work.name], samples.failed[work.name]), work.targets) for work in works]


def a_thousand(bench):
    samples, failed = {}, {}
    for turn, name in thousand.TURNS:
        progress(f"a thousand containers: {name}, {turn}")
        measures, failures = thousand.measure(bench, name)
        failed[name] = failed.get(name, 0) + failures
        for measure, cells in measures.items():
            for runtime, values in cells.items():
                samples.setdefault(measure, {}).setdefault(runtime, []).extend(values)
    return [(result(measure, title, "s", samples[measure], failed if measure == "alive" else None), targets)
            for measure, title, targets in thousand.MEASURES] + \
           [(result("peak list-1000", f"`list` of {thousand.COUNT}", "bytes", samples["list-peak"]), [])]


def peak_memory(bench):
    per_command = {}
    for name in RUNTIMES:
        progress(f"peak memory: {name}")
        for command, kib in memory.peaks(bench, name).items():
            per_command.setdefault(command, {})[name] = [kib * 1024]
    return [(result(f"peak {command}", command, "bytes", cells), []) for command, cells in per_command.items()]


def hungriest(pairs):
    """The largest peak of each runtime, over all commands that were measured."""
    peaks = [each["cells"] for each, _ in pairs if each["name"].startswith("peak ")]
    samples = {name: [max(cells[name]["median"] for cells in peaks if name in cells)] for name in RUNTIMES}
    return result("memory", "peak memory of the hungriest command", "bytes", samples), [PEAK]


def sizes(bench):
    samples = {name: [os.path.getsize(bench.runtimes[name].program)] for name in RUNTIMES}
    return [(result("size", "the program; crun's and runc's without their libraries", "bytes", samples), [SIZE])]


def calls(bench):
    bundle = bench.bundles.bundle("minimal")
    counted = {name: system_calls.count(bench.runtimes[name].run(bundle)) for name in ALL}
    found = result("calls", "system calls of a `run`, minimal bundle", "calls", {name: [sum(each)] for name, each in counted.items()})
    return [(found | {"processes": counted}, [])]


def traces(bench):
    """Runs of the floor and of berth, in turns, with a trace each: {name: [trace.Run]}."""
    floor, berth = Floor(f"{PLACE}/bin/floor-trace"), bench.runtimes["berth"]
    bundle, path, runs = bench.bundles.bundle("minimal"), f"{PLACE}/floor.trace", {"floor": [], "berth": []}
    for _ in range(TRACES):
        runs["floor"].append(trace.trace(bench.runner, floor.run(bundle), path))
        runs["berth"].append(trace.trace(bench.runner, [berth.program, "--trace", path, *berth.run(bundle)[1:]], path))
    return runs


def the_same_work(top, bench):
    """The differences that are known; another one ends the benchmark."""
    progress("the same work?")
    differences, unknown = same.check(top, bench)
    if unknown:
        sys.exit("bench: the runtimes do not do the same work:\n  " + "\n  ".join(unknown))
    return differences


NAMES = [work.name for work in WORKS] + ["same", "thousand", "memory", "size", "calls", "trace"]


def measure(top, bench, wanted, rounds):
    """Measures what is wanted. Returns {"results", "differences"} and the traces."""
    pairs, found, runs = [], {}, None
    if "same" in wanted:
        found["differences"] = the_same_work(top, bench)
    if works := [work for work in WORKS if work.name in wanted]:
        pairs += times(bench, works, rounds)
    for name, part in ("thousand", a_thousand), ("memory", peak_memory), ("size", sizes), ("calls", calls):
        if name in wanted:
            pairs += part(bench)
    if "memory" in wanted:
        pairs.append(hungriest(pairs))
    if "trace" in wanted:
        runs = traces(bench)
    progress("")
    return found | {"results": judged(pairs)}, runs
