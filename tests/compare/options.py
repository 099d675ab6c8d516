#!/usr/bin/env python3
"""options.py: every command and option of runc and crun is one of berth's, or has a reason why not.

  options.py BERTH RUNC CRUN    compares what their --help says with `options`; each is a program with its arguments
  options.py --page             prints docs/compatibility.md, which is made of `options`
  options.py --check            of `options` alone: its tests are in the tree, and the page is what it makes
"""
import re
import shlex
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tests/conformance"))
from tree import link, missing_test  # noqa: E402

SUITE = """
runc's own integration tests (of Debian sid's 1.3.6) drive it as a program; `make check-runc` runs them on berth and on runc. On a Linux 6.18
whose cgroup v2 has no controller but hugetlb, 292 of them as root: berth passed 191 and runc 234; 33 were left out, and 22 failed on both, most for want of a controller or a
privilege. As a normal user: berth passed 118 and runc 147, with 143 left out. Each test that passes on runc alone has its reason in [tests/compare/runc-differences](../tests/compare/runc-differences): most compare the words of a
message, of the help or of runc's debug log; some give a configuration that the specification does not allow; in the others berth
refuses or keeps what runc gives up. In the test machine, which has every controller (`tests/compare/runc-suite vm vm-systemd`), the
table has what differs in the tests of limits with cgroupfs, and in those of limits, affinity, devices, events, delete, exec, kill, pause and ps
with `--systemd-cgroup`.
"""
TABLE = TOP / "tests/compare/options"
PAGE = TOP / "docs/compatibility.md"
Row = namedtuple("Row", "line command options runc crun tests why")
EVERYWHERE = {"-h", "-?", "--help", "--usage"}


def read_rows():
    rows, command = [], ""
    for number, line in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("= "):
            command = line[2:]
        elif line and not line.startswith("#"):
            option, peers, shown = line.split("| ")
            peers = peers.split()
            why = shown[5:] if shown.startswith("not: ") else ""
            tests = [] if why else shown.split(" + ")
            rows.append(Row(number, command, option.split(), "runc" in peers, "crun" in peers, tests, why))
    return rows


def help_of(program, command):
    text = subprocess.run([*shlex.split(program), *([command] if command != "global" else []), "--help"],
                          capture_output=True, text=True, check=False).stdout
    return text


def commands_of(text):
    """The commands that the global help lists."""
    if "COMMANDS:" not in text:
        return set(re.findall(r"^  ([a-z]+) +[a-z]", text, re.MULTILINE))
    body = text.split("COMMANDS:")[1].split("OPTIONS")[0]
    return set(re.findall(r"^\s+([a-z]+)(?:, h)?\s+(?:- )?\w", body, re.MULTILINE)) & set(re.findall(r"^\s+([a-z]+)", body, re.MULTILINE))


def options_of(text):
    """--long, or -s where there is no long one; a short one beside a long one is written -s/--long."""
    found = set()
    for line in text.splitlines():
        match = re.match(r"^ {1,8}(-[-\w?].*)$", line)
        if not match:
            continue
        names = re.findall(r"(?:^|[ ,])(-[\w?]|--[\w-]+)(?=[ ,=\[]|$)", re.split(r"  +[^- ]", match.group(1))[0])
        found.update(names)
    return found


def surface(program):
    """{command: its options}; those that every command has are global's."""
    text = help_of(program, "global")
    every = {"global": options_of(text)}
    for command in commands_of(text):
        every[command] = set() if command == "help" else options_of(help_of(program, command)) - EVERYWHERE
    return every


def differences(name, peer, rows):
    """What the peer has and no row says, and the reverse."""
    said = {(row.command, option) for row in rows if getattr(row, name) for option in row.options or [""]}
    has = {(command, option) for command, options in peer.items() for option in {"", *options}} - {("global", "")}
    yield from (f"{name} has {' '.join(one)}, which tests/compare/options does not say" for one in sorted(has - said))
    yield from (f"tests/compare/options says that {name} has {' '.join(one)}" for one in sorted(said - has))


def compare(programs):
    rows = read_rows()
    berth, runc, crun = (surface(program) for program in programs)
    bad = [*differences("runc", runc, rows), *differences("crun", crun, rows)]
    for row in rows:
        for option in row.options or [""]:
            has = row.command in berth and (not option or option in berth[row.command])
            if has == bool(row.why):
                bad.append(f"options:{row.line}: berth has {'' if has else 'no '}{row.command} {option}")
    return bad


def page():
    lines = [
        "# Beside runc and crun",
        "",
        "Every command and option that the help of Debian sid's runc and crun lists: berth has it, with the test that shows it, or there is a",
        "reason why not. What berth has beyond them is in its manual pages. This page is made of",
        "[tests/compare/options](../tests/compare/options); [tests/compare/options.bats](../tests/compare/options.bats) reads what the three",
        "programs say of themselves, and fails when one has what the table does not say.",
        "",
        *(line.rstrip() for line in SUITE.strip().splitlines()),
    ]
    command = None
    for row in read_rows():
        if row.command != command:
            command = row.command
            lines += ["", f"## {command}" if command != "global" else "## Before the command", "",
                      "| option | runc | crun | berth |", "|---|---|---|---|"]
        shown = "not: " + row.why if row.why else "<br>".join(link(test) for test in row.tests)
        name = "<br>".join(f"`{option}`" for option in row.options) or "the command"
        lines.append(f"| {name} | {'yes' if row.runc else '–'} | {'yes' if row.crun else '–'} | {shown} |")
    return "\n".join(lines) + "\n"


def check():
    bad = []
    for row in read_rows():
        bad += [f"options:{row.line}: {problem}" for problem in map(missing_test, row.tests) if problem]
    if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
        bad.append("docs/compatibility.md is not what tests/compare/options makes: tests/compare/options.py --page > docs/compatibility.md")
    return bad


def main():
    if sys.argv[1:] == ["--page"]:
        print(page(), end="")
        return 0
    if sys.argv[1:] == ["--check"]:
        bad = check()
    elif len(sys.argv) == 4:
        bad = compare(sys.argv[1:])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    print("\n".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
