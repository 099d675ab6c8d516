"""What a start is made of: each moment of a run belongs to the phase that the run waits for, so that the pieces add up to the whole."""
import fnmatch
import statistics

import trace

# (piece, phases of traces, why it takes longer than in the floor); the first pattern that fits counts. A phase is the innermost one: a path as
# in trace.py; "PROCESS" alone is between two phases. Of the container's process, "before" and "after" are without any phase of its own.
PIECES = [
    ("program starts", ["*/program starts", "berth/seal", "berth"],
     "berth is a larger program, and maps itself once more, from a read-only overlay of its directory, so that nobody in a container can write to "
     "its file through `/proc/PID/exe`; then its own relocations, and its arguments"),
    ("configuration", ["berth/run/configuration*", "berth/run/prepare*", "berth/run/record plan"],
     "the floor has no configuration: `config.json` is read, checked whole and turned into a plan"),
    ("state", ["*/write state"],
     "the floor keeps none: three times, so that a crash at any moment leaves what `delete` needs, and `list` never sees half a state"),
    ("cgroup", ["floor/make cgroup", "floor/remove cgroup", "berth/run/make cgroup*", "berth/run/limit*"],
     "the path is walked by descriptor, the group is checked to be new and empty; then the device filter and other limits"),
    ("birth", ["*/birth", "*/before", "child", "berth/run", "network task/*", "*/wait for network", "*/join network"],
     "the same six namespaces; the network's, half of the floor's time for this, is made by a task beside berth, which hands it to the child: that "
     "joins it when it has mounted what does not need it. The child's first page faults are more in a larger program"),
    ("namespaces, host name", ["child/prepare", "container/init/namespaces*"],
     "what was inherited is checked and closed, mounts become private, a procfs of the container's own is opened"),
    ("mounts", ["child/mounts", "container/init/mounts*", "container/init/first mounts*"],
     "the same six file systems; each is made detached and put in its place by descriptor, below a root that a link in the image cannot "
     "leave; and the device nodes, which the floor leaves out"),
    ("enter the root", ["child/enter root", "container/init/enter root", "container/init/seal root"],
     "the same pivot and the same detaching of the old root"),
    ("attributes", ["container/init/attributes*", "container/init/hooks*", "container/init"],
     "the floor's workload keeps all that root may: here capabilities, limits, signals, keyring, labels, ids, filter, one after the other, each checked"),
    ("handing over", ["*/wait for start", "berth/run/wait until ready", "berth/run/start*"],
     "the floor's child just goes on: here the child tells that it is in its root, and the state is shown while it sets its attributes, or what "
     "has failed; then berth waits until the program has been executed"),
    ("workload", ["*/after", "*/wait for its end"],
     "exec of the no-op, its end, the end of its namespaces, and the wake-up of who waits for it"),
    ("removal", ["berth/run/remove*"],
     "the cgroup is seen to be empty and removed, the state directory too"),
    ("program ends", ["*/program ends"],
     "the kernel takes the larger program apart"),
]
OTHER = "other"
CHILDREN = "child", "container" # the process that becomes the workload: the floor's and berth's


def piece_of(phase):
    return next((piece for piece, patterns, _ in PIECES if any(fnmatch.fnmatchcase(phase, pattern) for pattern in patterns)), OTHER)


def innermost(spans, process, moment):
    """The phase that a process is in, or None."""
    inside = [span for span in spans if span.process == process and span.begin <= moment < span.end]
    return max(inside, key=lambda span: span.depth).path if inside else None


def waited_for(phase, parent, child):
    """Which process a waiting phase waits for."""
    if phase.endswith("network"):
        return "network task"
    return child if phase.startswith(parent) else parent


def phase_at(spans, process, moment, others, asked=()):
    """What the run waits for: the process's phase, or where that waits, the phase of the process that it waits for."""
    phase = innermost(spans, process, moment)
    if not phase:
        own = [span for span in spans if span.process == process]
        ended, begun = all(span.end <= moment for span in own), any(span.begin <= moment for span in own)
        phase = f"{process}/after" if ended else process if begun else f"{process}/before"
    if not trace.waits(phase):
        return phase
    other = waited_for(phase, *others)
    return phase if other in asked else phase_at(spans, other, moment, others, (*asked, process))


def attribute(run):
    """{piece: microseconds} of one run; they add up to the whole."""
    parent = run.spans[0].process
    child = next(span.process for span in run.spans if span.process in CHILDREN)
    edges = sorted({edge for span in run.spans for edge in (span.begin, span.end)} | {0, run.whole})
    found = {}
    for begin, end in zip(edges, edges[1:]):
        piece = piece_of(phase_at(run.spans, parent, (begin + end) / 2, (parent, child)))
        found[piece] = found.get(piece, 0) + end - begin
    return found


def summary(runs):
    """{"floor", "berth": {piece: microseconds, "whole": microseconds}}, means of the middle half of the runs, which still add up."""
    found = {}
    for name, each in runs.items():
        ordered = sorted(each, key=lambda run: run.whole)
        middle = [attribute(run) | {"whole": run.whole} for run in ordered[len(ordered) // 4:-(len(ordered) // 4)]]
        keys = dict.fromkeys(key for run in middle for key in run)
        found[name] = {key: round(statistics.mean(run.get(key, 0) for run in middle), 1) for key in keys}
    return found


def rows(found, reasons=True):
    """The table of the pieces, with the reasons why berth needs longer."""
    table = [["piece", "floor µs", "berth µs", "more", *(["why"] if reasons else [])]]
    for piece, _, why in [*PIECES, (OTHER, [], ""), ("whole", [], "")]:
        floor, berth = (found[name].get(piece, 0) for name in ("floor", "berth"))
        if floor or berth:
            table.append([piece, f"{floor:.0f}", f"{berth:.0f}", f"{berth - floor:+.0f}", *([why] if reasons else [])])
    return table
