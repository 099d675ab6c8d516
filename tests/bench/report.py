"""What a measurement leaves: lines on the terminal, docs/performance/*.json and pictures, and the numbers in docs/performance.md."""
import dataclasses
import json
import os
import sys

import machine
import picture
import pieces
import plot
import table
import trace

BESIDE = {"vm": "vm.json", "host": "host.json", "engines": "engines.json"}


def folder(top):
    return f"{top}/docs/performance"


def load(top, name):
    """What was written last, or None."""
    path = f"{folder(top)}/{BESIDE[name]}"
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def write_json(top, name, found):
    os.makedirs(folder(top), exist_ok=True)
    with open(f"{folder(top)}/{BESIDE[name]}", "w") as file:
        json.dump(found, file, indent=1, ensure_ascii=False)
        file.write("\n")


def program_line(name, program):
    kind = ", ".join(word for word in ("static" if program["static"] else "", "stripped" if program["stripped"] else "") if word)
    return f"{name}: {program['version']}, {program['bytes']} bytes{', ' + kind if kind else ''}, sha256 {program['sha256']}" + \
        (f", build id {program['build_id']}" if program["build_id"] else "")


def head(found):
    return [machine.text(found["machine"]), *[program_line(name, program) for name, program in found["programs"].items()]]


def warnings(described):
    """Of a machine whose processors had other work."""
    if described["load_at_begin"] * 2 > described["processors"]:
        yield "**This machine was busy**: times are longer, and ratios further apart, than on a quiet one"


def print_head(found):
    print("\n".join([*head(found), *warnings(found["machine"])]), flush=True)


def difference_lines(differences):
    for kind, peers in differences.items():
        for peer, lines in peers.items():
            for line in lines:
                yield f"{kind}: {line.removeprefix('# ')}"


def split(results):
    """The main table's, and the peaks of each command."""
    peaks = [each | {"title": "`" + each["title"].replace("`", "") + "`"} for each in results if each["name"].startswith("peak ")]
    return [each for each in results if not each["name"].startswith("peak ")], peaks


def print_results(found, runs):
    main, peaks = split(found["results"])
    if "differences" in found:
        known = list(difference_lines(found["differences"]))
        print(f"\nthe same work: yes, but for {len(known)} known differences (tests/compare/known; with reasons in docs/performance/host.json)")
    for part in main, peaks:
        if part:
            print("\n" + table.text(table.rows(part)))
    if runs:
        print("\n" + table.text(pieces.rows(pieces.summary(runs), reasons=False)))
    if any(each["targets"] for each in main):
        print("\n" + table.count_met(main))


def save(top, found, runs):
    """Everything that `make bench` writes."""
    typical = {name: dataclasses.asdict(trace.typical(each)) for name, each in runs.items()}
    write_json(top, "host", found | {"pieces": pieces.summary(runs), "typical_traces": typical})
    rewrite(top)


def rewrite(top):
    """The page and its pictures, from the JSON."""
    host = load(top, "host")
    plot.plot(split(host["results"])[0], f"{folder(top)}/times.svg")
    picture.draw([trace.from_json(run) for run in host["typical_traces"].values()], f"{folder(top)}/start.svg")
    write_document(top)


def blocks(top):
    """The parts of docs/performance.md that are numbers: {name: Markdown}."""
    found = {}
    if host := load(top, "host"):
        main, peaks = split(host["results"])
        found["machine"] = "\n".join(f"- {line}" for line in [*head(host), f"{host['rounds']} rounds", *warnings(host["machine"])])
        found["results"] = table.markdown(table.rows(main)) + f"\n\n{table.count_met(main)}."
        found["memory"] = table.markdown(table.rows(peaks, verdicts=False))
        found["calls"] = calls_text(next(each for each in main if each["name"] == "calls"))
        found["pieces"] = table.markdown(pieces.rows(host["pieces"]))
        found["differences"] = "\n".join(f"- {line}" for line in sorted(set(difference_lines(host["differences"]))))
    if vm := load(top, "vm"):
        found["vm"] = "\n\n".join(vm_text(of_kernel) for of_kernel in vm.values())
    if engines := load(top, "engines"):
        found["engines"] = engines_text(engines)
    return found


def vm_text(found):
    versions = ", ".join(program["version"].replace(" version", "") for program in found["programs"].values())
    return f"Linux {found['machine']['kernel']}, {versions}, {found['rounds']} rounds:\n\n" + table.markdown(table.rows(found["results"]))


def engines_text(found):
    names = list(next(iter(found["results"].values())))
    lines = [["command", *names]]
    for command, of in found["results"].items():
        lines.append([f"`{command}`", *[f"{of[name]['median_s']:.2f} s, {of[name]['ratio_to_runc']:.2f} × runc; {of[name]['peak_kib'] / 1024:.1f} MiB"
                                        for name in names]])
    return f"Linux {found['kernel']}; {', '.join(found['versions'])}; {found['rounds']} rounds:\n\n" + table.markdown(lines)


def calls_text(result):
    berth = result["processes"]["berth"]
    return f"A `run` of the minimal bundle makes {sum(berth)} system calls: berth {berth[0]}, its children, up to the workload's end, {sum(berth[1:])}."


def write_document(top):
    path = f"{top}/docs/performance.md"
    with open(path) as file:
        text = file.read()
    for name, content in blocks(top).items():
        begin, end = f"<!-- {name}: written by make bench -->\n", f"<!-- end of {name} -->"
        if begin not in text:
            raise SystemExit(f"{path}: no line {begin.strip()}")
        before, rest = text.split(begin)
        text = before + begin + content + "\n" + end + rest.split(end, 1)[1]
    with open(path, "w") as file:
        file.write(text)


def main():
    """report.py TOP [VM.json...]: takes over what was measured in the test machine, and writes the page and its pictures again."""
    found = {}
    for path in sys.argv[2:]:
        with open(path) as file:
            one = json.load(file)
        found[one["machine"]["kernel"]] = one
    if found:
        write_json(sys.argv[1], "vm", found)
    rewrite(sys.argv[1])


if __name__ == "__main__":
    main()
