#!/usr/bin/env python3
"""Where berth fails a test of runc's suite that runc passes, and whether a table says why.

suite.py [--whole] RESULTS TABLE PLACE[/FILE]...

Reads RESULTS/PLACE/{berth,runc}/FILE.tap. A line of TABLE is FILE | TEST | REASON. Prints a row of sums for each place, the differences with
their reason behind a "#", and exits with 1 if one has none, if nothing was run, or, with --whole, if a line of the table explains nothing:
berth has passed what it names, or its file was run and has no such test.
"""
import re
import sys
from pathlib import Path

LINE = re.compile(r"^(not )?ok \d+ (.*?)(?: # (skip|timeout)\b ?(.*))?$")


def outcomes(folder, only):
    """{(file, test): "passed", "failed" or "skipped"}; what was planned and has no result has failed."""
    found = {}
    for path in sorted(folder.glob(f"{only}.tap")):
        lines = path.read_text(errors="replace").splitlines()
        results = [match.groups() for match in map(LINE.match, lines) if match]
        for bad, name, note, _ in results:
            found[path.stem, name] = "failed" if bad else "skipped" if note == "skip" else "passed"
        planned = sum(int(line[3:]) for line in lines if re.match(r"1\.\.\d+$", line))
        for number in range(len(results), max(planned, 1)):
            found[path.stem, f"(number {number + 1} was not run)"] = "failed"
    return found


def read_table(path):
    rows = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            fields = line.split(" | ")
            if len(fields) != 3:
                sys.exit(f"{path}:{number}: FILE | TEST | REASON expected")
            rows[tuple(fields[:2])] = fields[2]
    return rows


def is_needless(row, used, on_runc):
    """A test that runc passes in the test machine alone says nothing elsewhere."""
    if row in used:
        return False
    return on_runc[row] == "passed" if row in on_runc else row[0] in {file for file, _ in on_runc}


def main():
    whole = sys.argv[1] == "--whole"
    results, table, *places = sys.argv[1 + whole:]
    reasons, used, unknown, ran = read_table(Path(table)), set(), 0, 0
    print("| place | berth passed | failed | left out | runc passed | failed | left out |\n" + "|---" * 7 + "|")
    differ, on_runc = [], {}
    for place in places:
        place, _, only = place.partition("/")
        both = [outcomes(Path(results, place, runtime), only or "*") for runtime in ("berth", "runc")]
        sums = [list(one.values()).count(how) for one in both for how in ("passed", "failed", "skipped")]
        ran += sums[0]
        print("|", " | ".join(map(str, [place, *sums])), "|")
        on_runc |= {test: how for test, how in both[1].items() if on_runc.get(test) != "passed"}
        differ += [(place, *test) for test, how in both[1].items() if how == "passed" and both[0].get(test) != "passed"]
    for place, *test in differ:
        reason = reasons.get(tuple(test))
        used.add(tuple(test))
        unknown += not reason
        print(f"{place}: {': '.join(test)}" + (f"  # {reason}" if reason else ""))
    needless = [f"needless: {' | '.join(row)}" for row in reasons if is_needless(row, used, on_runc)] if whole else []
    print(*needless, f"{len(differ)} differences, {unknown} without a reason", sep="\n")
    return 1 if unknown or needless or not ran else 0


sys.exit(main())
