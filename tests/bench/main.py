"""Measures berth, crun, runc and the floor; see run.

usage: main.py TOP PEERS [--check] [WORK...]
"""
import argparse
import os
import sys

import check
import machine
import parts
import report
from bundles import PLACE, USER, USER_PLACE, Bundles
from runner import Failed, Runner, UserRunner
from runtimes import Floor, all_runtimes
from works import RUNTIMES, Bench


def make_bench(top, peers):
    runtimes = {each.name: each for each in all_runtimes(f"{PLACE}/bin/berth", f"{peers}/sid/crun", f"{peers}/sid/runc")}
    user_runtimes = {name: runtime.of_user(f"{PLACE}/user-state") for name, runtime in runtimes.items()}
    user = UserRunner(USER, USER_PLACE)
    return Bench(Runner(f"{PLACE}/bin/peak"), user, runtimes | {"floor": Floor(f"{PLACE}/bin/floor")}, user_runtimes, Bundles(top))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("top")
    arguments.add_argument("peers")
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("works", nargs="*", metavar="WORK", help=", ".join(parts.NAMES))
    options = arguments.parse_intermixed_args()
    if unknown := set(options.works) - set(parts.NAMES):
        arguments.error(f"there is no {' or '.join(sorted(unknown))}; there are {' '.join(parts.NAMES)}")
    rounds = int(os.environ.get("ROUNDS", "100"))

    host = {"machine": machine.describe(), "rounds": rounds}
    bench = make_bench(options.top, options.peers)
    host["programs"] = {name: machine.program(bench.runtimes[name].program) for name in RUNTIMES}
    report.print_head(host)
    if options.check:
        last = report.load(options.top, "host") or sys.exit("bench: no docs/performance/host.json to compare with: run `make bench` first")
        return check.check(bench, last, options.works, rounds)
    found, runs = parts.measure(options.top, bench, options.works or parts.NAMES, rounds)
    bench.user.end()
    report.print_results(host | found, runs)
    if not options.works:
        report.save(options.top, host | found, runs)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(f"bench: {error}")
