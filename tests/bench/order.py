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
 * For the linker: what starting a container executes, reads and writes lies together, first what the process in the container alone does, so that
 * fewer pages are touched. What is missing here costs a little time and nothing else. Written by tests/bench/order.
 */
SECTIONS
{
	.text.start :
	{
		/* before there is a copy */
		*start.o(.text .text.*)"""
TEXT_FOOTER = """		KEEP(*(SORT_NONE(.fini)))
	}
}
INSERT BEFORE .text;
/*
 * All that is only read is in the program's first segment, behind its headers: one segment less to map. The libraries' tables for unwinding, which
 * nobody reads, are left out.
 */
SECTIONS
{
	.relr.dyn :
	{
		*(.relr.dyn)
	}
	.rodata.start :
	{
		*start.o(.rodata .rodata.*)"""
# The names of the configuration's fields and values are reached by pointers, which no instruction shows.
FOOTER = """		/* names in tables */
		*table_*.o(.rodata.str*) *names.o(.rodata.str*) *state.o(.rodata.str*) *options.o(.rodata.str*)
		*(.rodata.cst*)
	}
	.rodata.rest :
	{
		*(.rodata .rodata.*)
	}
	/DISCARD/ :
	{
		*(.eh_frame)
	}
}
INSERT AFTER .rela.plt;
/* What is written: on one page with .data, and behind that cli/main.c's memory for everything else. */
SECTIONS
{
	.bss.start (NOLOAD) :
	{
		*crtbeginS.o(.bss) *start.o(.bss.*) *trace.o(.bss.*) *store.o(.bss.*) *fault.o(.bss.*)
		*libc.a:__environ.lo(.bss .bss.*) *libc.a:__init_tls.lo(.bss .bss.*) *libc.a:__stack_chk_fail.lo(.bss .bss.*)
		*libc.a:__stdio_exit.lo(.bss .bss.*) *libc.a:abort_lock.lo(.bss .bss.*) *libc.a:defsysinfo.lo(.bss .bss.*)
		*libc.a:libc.lo(.bss .bss.*) *libc.a:lite_malloc.lo(.bss .bss.*) *libc.a:ofl.lo(.bss .bss.*)
		*libc.a:sigaction.lo(.bss .bss.*) *libc.a:stderr.lo(.bss .bss.*) *libc.a:stdout.lo(.bss .bss.*)
		*libcap.a:(.bss .bss.*) *libseccomp.a:(.bss .bss.*)
	}
	.bss.memory (NOLOAD) :
	{
		*main.o(.bss.memory*)
	}
}
INSERT AFTER .data;"""


def functions(berth):
    for line in subprocess.run(["nm", "--defined-only", berth + ".debug"], capture_output=True, text=True, check=True).stdout.splitlines():
        address, kind, _name = line.split()
        if kind in "tT":
            yield int(address, 16)


def sections(berth, kind):
    """(address, size, name, object) of what the linker has put together, in order."""
    with open(berth + ".map") as file:
        text = re.sub(rf"\n( \.{kind}\S*)\n +0x", r"\n\1 0x", file.read())
    rows = re.findall(rf"^ (\.{kind}\S*) +0x([0-9a-f]+) +0x([0-9a-f]+) (\S+)$", text, re.M)
    return sorted((int(address, 16), int(size, 16), name, where) for name, address, size, where in rows if int(size, 16) and int(address, 16))


def places(addresses, begins):
    """Where the program was: in two places, if it has gone on in a copy. A function's begin is met at its begin."""
    by_page = collections.defaultdict(list)
    for begin in begins:
        by_page[begin % 4096].append(begin)
    votes = collections.Counter(address - begin for address in addresses for begin in by_page[address % 4096])
    return [base for base, _ in votes.most_common(2)]


def executed(path, begins):
    """The addresses in the program that the runtime's process and the others have executed."""
    with open(path) as file:
        rows = [(int(pid), int(address, 16)) for pid, address in (line.split() for line in file)]
    first, *others = places({address for _, address in rows}, begins)
    runtime = collections.Counter(pid for pid, _ in rows).most_common(1)[0][0]
    found = set(), set()
    for pid, address in rows:
        # the further of two places below an address
        base = max((base for base in (first, *others) if base <= address), default=first)
        found[pid != runtime].add(address - base)
    return found


def references(berth):
    """What an instruction names by its distance: {address of the instruction: address}."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", berth], capture_output=True, text=True, check=True).stdout
    return {int(at, 16): int(to, 16) for at, to in re.findall(r"^ +([0-9a-f]+):\t.*\(%rip\).*# (?:0x)?([0-9a-f]+)", text, re.M)}


def part_of(address, parts):
    number = bisect.bisect_right(parts, (address, float("inf"))) - 1
    return parts[number] if number >= 0 and address < parts[number][0] + parts[number][1] else None


def pattern(part, kind):
    """For what is ours its name, for what is a library's its object; also for the few that no library has."""
    _, _, name, where = part
    library = re.search(r"(lib\w+\.a)\((.*)\)$", where)
    if library and library[1] != "libberth.a":
        return f"*{library[1]}:{library[2]}(.{kind} .{kind}.*)"
    if name in (".text", ".rodata"):
        return f"*{where.split('/')[-1]}(.{kind})"
    if kind == "rodata" and name.startswith(".text."):
        own = name.replace(".text.", ".rodata.")
        return f"*({own} {own}.*)"
    return f"*({name})"


def texts(addresses, code):
    return {pattern(part, "text") for part in (part_of(address, code) for address in addresses) if part}


def constants(addresses, code, data, named):
    """Strings are put together by the linker, in whichever part it meets first: they are known by the function that names them."""
    found = set()
    for address in addresses:
        part = part_of(named[address], data) if address in named else None
        if part:
            found.add(pattern(part_of(address, code) if ".str1." in part[2] else part, "rodata"))
    return found


def print_groups(runtime, container):
    for title, group in (("in the container alone", container - runtime), ("in both", container & runtime), ("in the runtime", runtime - container)):
        print(f"\t\t/* {title} */")
        text = re.sub(r"(?<=\S) (?=\.)", "@", " ".join(sorted(group)))
        for line in textwrap.wrap(text, 134, break_long_words=False, break_on_hyphens=False):
            print("\t\t" + line.replace("@", " "))


def main():
    berth, *steps = sys.argv[1:]
    begins, code, data, named = set(functions(berth)), sections(berth, "text"), sections(berth, "rodata"), references(berth)
    runtime, container = set(), set()
    for path in steps:
        for group, found in zip((runtime, container), executed(path, begins)):
            group |= found
    print(HEADER)
    print_groups(texts(runtime, code), texts(container, code))
    print(TEXT_FOOTER)
    print_groups(constants(runtime, code, data, named), constants(container, code, data, named))
    print(FOOTER)


if __name__ == "__main__":
    main()
