"""What is measured in the test machine; see vm.

usage: vm.py TOP OUTPUT ROUNDS
"""
import json
import shutil
import sys

import machine
import table
from bundles import PLACE, Bundles, write_bundle
from runner import Failed, Runner
from runtimes import all_runtimes
from summary import judged, result
from works import Target

MANAGERS = {"cgroupfs": "/bench/nop", "systemd": "system.slice:bench:nop"} # and what a cgroupsPath looks like there
PAGE, MOST_PAGES, TRIES = 4096, 16384, 3
SEARCHES = 5 # what a limit is enough for is a matter of luck: see docs/performance.md
WARM_UP = 2


def disk_number():
    with open("/sys/block/nvme0n1/dev") as file:
        major, minor = file.read().split(":")
    return {"major": int(major), "minor": int(minor)}


def limits():
    """Every limit that the specification has for cgroup v2 and this machine a controller for."""
    disk = disk_number()
    return {
        "memory": {"limit": 134217728, "reservation": 67108864, "swap": 268435456},
        "cpu": {"shares": 1024, "quota": 50000, "period": 100000, "cpus": "0-1", "mems": "0"},
        "pids": {"limit": 64},
        "blockIO": {"weight": 500, "throttleReadBpsDevice": [disk | {"rate": 104857600}], "throttleWriteIOPSDevice": [disk | {"rate": 4000}]},
        "hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}],
    }


def bundle(top, kind, path, resources):
    """Returns the path of a bundle of that kind with these limits in a cgroup of that path."""
    configuration = Bundles(top).configuration(kind)
    configuration["process"]["args"] = ["/nop"]
    configuration["root"]["path"] = f"{PLACE}/rootfs"
    configuration["linux"]["cgroupsPath"] = path
    configuration["linux"].setdefault("resources", {}).update(resources)
    where = f"{PLACE}/bundles/{kind}-{path.replace('/', '_')}"
    write_bundle(where, configuration)
    return where


def command(runtime, manager, where):
    options = ["--systemd-cgroup"] if manager == "systemd" else []
    return runtime.command(*options, "run", "--bundle", where, "bench")


def limited(top, runner, runtimes, rounds):
    """The times of a run with all limits: {manager: {runtime: [seconds]}}."""
    where = {manager: bundle(top, "docker", path, limits()) for manager, path in MANAGERS.items()}
    samples = {manager: {runtime.name: [] for runtime in runtimes} for manager in MANAGERS}
    for turn in range(-WARM_UP, rounds):
        for manager in MANAGERS:
            for runtime in runtimes:
                seconds = runner.run(command(runtime, manager, where[manager]))
                if turn >= 0:
                    samples[manager][runtime.name].append(seconds)
    return samples


def runs_within(top, runner, runtime, pages):
    """Whether a no-op runs, every time, under a memory.max of so many pages."""
    where = bundle(top, "minimal", "/bench/small", {"memory": {"limit": pages * PAGE}})
    try:
        for _ in range(TRIES):
            runner.run(["/usr/bin/timeout", "20", *command(runtime, "cgroupfs", where)])
    except Failed:
        shutil.rmtree(f"{runtime.root}/bench", ignore_errors=True) # what was killed could not remove its state
        return False
    return True


def smallest_memory(top, runner, runtime):
    """In bytes, by bisection."""
    few, enough = 0, MOST_PAGES
    if not runs_within(top, runner, runtime, enough):
        sys.exit(f"bench: {runtime.name} does not run within {enough * PAGE} bytes")
    while enough - few > 1:
        middle = (few + enough) // 2
        if runs_within(top, runner, runtime, middle):
            enough = middle
        else:
            few = middle
    return enough * PAGE


def measure(top, rounds):
    runner = Runner()
    runtimes = all_runtimes(f"{PLACE}/bin/berth", shutil.which("crun"), shutil.which("runc"))
    samples = limited(top, runner, runtimes, rounds)
    smallest = {runtime.name: [] for runtime in runtimes}
    for _ in range(SEARCHES):
        for runtime in runtimes:
            smallest[runtime.name].append(smallest_memory(top, runner, runtime))
    found = judged([
        (result("limits-cgroupfs", "`run` a no-op with every limit, cgroupfs", "s", samples["cgroupfs"]), [Target(1, "crun")]),
        (result("limits-systemd", "the same, systemd", "s", samples["systemd"]), [Target(1, "crun")]),
        (result("smallest-memory", "smallest `memory.max` for a no-op", "bytes", smallest), [Target(0.5, "crun")]),
    ])
    return {"machine": machine.describe(), "rounds": rounds, "results": found,
            "programs": {runtime.name: machine.program(runtime.program) for runtime in runtimes}}


def main():
    top, output, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    found = measure(top, rounds)
    with open(output, "w") as file:
        json.dump(found, file)
    print(f"Linux {found['machine']['kernel']}\n" + table.text(table.rows(found["results"])), flush=True)


if __name__ == "__main__":
    main()
