"""Whether something has become slower than when `make bench` was last run: berth's time as a ratio to the floor's.

Of both, what the tenth of a hundred samples took: what else runs on a machine moves that less than the median.
"""
import os

from parts import take_turns
from summary import cell
from works import WORKS

TOLERANCE = 15 # percent; TOLERANCE=N
QUIET = 1.6 # the floor's ninetieth / its tenth of a hundred samples: beyond that, nothing can be said
SLOWER, BUSY = 1, 2 # status


def ratios(cells):
    """cells: {work: {runtime: summary.cell}}. Returns {work: berth's time / the floor's for a minimal run}."""
    return {work: each["berth"]["p10"] / cells["run"]["floor"]["p10"] for work, each in cells.items() if "berth" in each}


def measured(bench, works, rounds):
    """Returns the ratios, and how far the floor's samples are apart."""
    samples = take_turns(bench, works, rounds, ("floor", "berth")).seconds
    cells = {work: {name: cell(values) for name, values in each.items()} for work, each in samples.items()}
    return ratios(cells), cells["run"]["floor"]["p90"] / cells["run"]["floor"]["p10"]


def recorded(last):
    names = [work.name for work in WORKS]
    return ratios({each["name"]: each["cells"] for each in last["results"] if each["name"] in names})


def look(bench, works, before, rounds, tolerance):
    """Prints a line for each work; returns those that are slower than they were, and whether the machine is quiet enough to say so."""
    slower, (now, apart) = [], measured(bench, works, rounds)
    for name, ratio in now.items():
        change = (ratio / before[name] - 1) * 100
        word = "slower" if change > tolerance else "ok"
        print(f"{word:8}{name:14}{ratio:6.2f} x floor, was {before[name]:.2f}: {change:+.0f} %, {tolerance:g} % are tolerated", flush=True)
        if change > tolerance:
            slower.append(name)
    return slower, apart <= QUIET


def check(bench, last, wanted, rounds):
    """Returns the status to end with."""
    tolerance, before = float(os.environ.get("TOLERANCE", TOLERANCE)), recorded(last)
    works = [work for work in WORKS if work.quick and work.name in before and (work.name in wanted or not wanted or work.name == "run")]
    slower, quiet = look(bench, works, before, rounds, tolerance)
    if slower: # by somebody else's work on this machine? that passes
        print("once more, with twice the rounds:")
        slower, quiet = look(bench, [work for work in works if work.name in slower or work.name == "run"], before, 2 * rounds, tolerance)
    bench.user.end()
    if not slower:
        return 0
    print(f"bench-check: slower than in docs/performance/host.json: {', '.join(slower)}")
    if not quiet:
        print("bench-check: but the floor itself takes now this, now that: the machine is too busy to tell. Try again when it is quiet")
    return SLOWER if quiet else BUSY
