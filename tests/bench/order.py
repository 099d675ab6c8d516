"""Writes cli/start.ld to standard output; see order.

usage: order.py BERTH STEPS...   (beside BERTH: its symbols, .debug, and the linker's map, .map)
"""
import bisect
import collections
import re
import subprocess
import sys
import textwrap

HEADER = """/*
 * For the linker: the functions that starting a container executes lie together, first those of the process in the container, so that fewer
 * pages are touched. What is missing here costs a little time and nothing else. Written by tests/bench/order.
 */
SECTIONS
{
	.text.start : ALIGN(4096)
	{"""
FOOTER = """		KEEP(*(SORT_NONE(.fini)))
	}
}
INSERT BEFORE .text;"""


def functions(berth):
    for line in subprocess.run(["nm", "--defined-only", berth + ".debug"], capture_output=True, text=True, check=True).stdout.splitlines():
        address, kind, _name = line.split()
        if kind in "tT":
            yield int(address, 16)


def sections(berth):
    """(address, size, name, object) of what the linker has put together, in order."""
    with open(berth + ".map") as file:
        text = re.sub(r"\n( \.text\S*)\n +0x", r"\n\1 0x", file.read())
    rows = re.findall(r"^ (\.text\S*) +0x([0-9a-f]+) +0x([0-9a-f]+) (\S+)$", text, re.M)
    return sorted((int(address, 16), int(size, 16), name, where) for name, address, size, where in rows if int(size, 16))


def places(addresses, begins):
    """Where the program was: in two places, if it has gone on in a copy. A function's begin is met at its begin."""
    by_page = collections.defaultdict(list)
    for begin in begins:
        by_page[begin % 4096].append(begin)
    votes = collections.Counter(address - begin for address in addresses for begin in by_page[address % 4096])
    return [base for base, _ in votes.most_common(2)]


def executed(path, begins, parts):
    """The sections that the runtime's process and the others have executed."""
    with open(path) as file:
        rows = [(int(pid), int(address, 16)) for pid, address in (line.split() for line in file)]
    bases = places({address for _, address in rows}, begins)
    runtime = collections.Counter(pid for pid, _ in rows).most_common(1)[0][0]
    starts, end = [part[0] for part in parts], parts[-1][0] + parts[-1][1]
    found = set(), set()
    for pid, address in rows:
        for base in bases:
            if starts[0] <= address - base < end:
                number = bisect.bisect_right(starts, address - base) - 1
                if address - base < starts[number] + parts[number][1]:
                    found[pid != runtime].add(number)
                break
    return found


def pattern(part):
    """For a function of ours its name, for one of a library its object; also for the few that no library has."""
    _, _, name, where = part
    library = re.search(r"(lib\w+\.a)\((.*)\)$", where)
    if not library or library[1] == "libberth.a":
        return f"*({name})" if name != ".text" else f"*{where.split('/')[-1]}(.text)"
    return f"*{library[1]}:{library[2]}(.text .text.*)"


def main():
    berth, *steps = sys.argv[1:]
    begins, parts = set(functions(berth)), sections(berth)
    runtime, container = set(), set()
    for path in steps:
        for group, found in zip((runtime, container), executed(path, begins, parts)):
            group |= found
    print(HEADER)
    for title, group in (("in the container alone", container - runtime), ("in both", container & runtime), ("in the runtime", runtime - container)):
        print(f"\t\t/* {title} */")
        text = " ".join(sorted({pattern(parts[number]) for number in group}))
        for line in textwrap.wrap(text.replace(".text .text.*", ".text@.text.*"), 134, break_long_words=False, break_on_hyphens=False):
            print("\t\t" + line.replace("@", " "))
    print(FOOTER)


if __name__ == "__main__":
    main()
