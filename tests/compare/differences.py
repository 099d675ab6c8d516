#!/usr/bin/env python3
"""Where two lists of facts differ, and whether a table says why.

differences.py PEER OURS THEIRS TABLE EXPLAINED

Facts are lines "subject TAB value"; one that is missing has the value "-". The table has a line for each known difference: PEER (or "both"),
SUBJECT, OURS, THEIRS (extended regular expressions for the whole text), REASON, separated by tabs. Prints the differences, those that are
known with their reason behind a "#", and exits with 1 if one is not known. The lines that have explained one are appended to EXPLAINED.
"""

import re, sys

peer, ours, theirs, table, explained = sys.argv[1:]


def read_facts(path):
    facts = {}
    for line in open(path, errors="replace"):
        subject, _, value = line.rstrip("\n").partition("\t")
        facts[subject] = facts[subject] + " | " + value if subject in facts else value
    return facts


def read_table(path):
    for number, line in enumerate(open(path), 1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\n").split("\t")
        if len(fields) != 5:
            sys.exit(f"{path}:{number}: five fields, separated by tabs, expected")
        if fields[0] in (peer, "both"):
            yield [re.compile(f) for f in fields[1:4]], fields[4], line


def main():
    our_facts, their_facts = read_facts(ours), read_facts(theirs)
    if len(our_facts) < 80 or len(their_facts) < 80:
        sys.exit(f"{len(our_facts)} and {len(their_facts)} facts are too few")
    known, unknown, used = list(read_table(table)), 0, open(explained, "a")
    for subject in list(our_facts) + [s for s in their_facts if s not in our_facts]:
        here, there = our_facts.get(subject, "-"), their_facts.get(subject, "-")
        if here == there:
            continue
        texts = (subject, here, there)
        for patterns, reason, line in known:
            if all(pattern.fullmatch(text) for pattern, text in zip(patterns, texts)):
                print(f"# {subject}: ours {here!r}, {peer}'s {there!r} - {reason}")
                used.write(line)
                break
        else:
            print(f"{subject}: ours {here!r}, {peer}'s {there!r}")
            unknown += 1
    used.close()
    return 1 if unknown else 0


sys.exit(main())
