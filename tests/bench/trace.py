"""Reads what `berth --trace` writes (and the floor's trace build), a run at a time, with the times around it that no trace can see."""
import dataclasses
import json
import time


@dataclasses.dataclass
class Span:
    """A phase; times in microseconds since the command was started. path: "PROCESS/PHASE/PHASE..."; of the same path, there may be many."""
    path: str
    begin: float
    end: float

    @property
    def process(self):
        return self.path.split("/")[0]

    @property
    def depth(self):
        return self.path.count("/")


def events(path):
    with open(path) as file:
        lines = file.read().strip().lstrip("[").rstrip("]").splitlines()
    return [json.loads(line.rstrip(",")) for line in lines if line.strip()]


def read(path, begin):
    """The spans of a trace file, in the order of their begins."""
    names, open_spans, spans = {}, {}, []
    stream = events(path)
    for event in stream: # a process may be named after its first phase
        if event["ph"] == "M":
            names[event["pid"]] = event["args"]["name"]
    for event in stream:
        stack = open_spans.setdefault(event["pid"], [])
        if event["ph"] == "B":
            above = stack[-1].path if stack else names.get(event["pid"], event["pid"])
            stack.append(Span(f"{above}/{event['name'].replace('/', ' ')}", event["ts"] - begin, 0))
            spans.append(stack[-1])
        elif event["ph"] == "E" and stack:
            stack.pop().end = event["ts"] - begin
    return sorted(spans, key=lambda span: span.begin)


def waits(path):
    """Whether a process does nothing in that phase but wait for another."""
    return path.rsplit("/", 1)[-1].startswith(("wait ", "join network"))


@dataclasses.dataclass
class Run:
    spans: list
    whole: float # microseconds from before the command's start to after its end


def trace(runner, argv, path):
    """Runs argv, which traces into path."""
    open(path, "w").close()
    begin = time.time() * 1e6
    runner.run(argv)
    whole = time.time() * 1e6 - begin
    return Run(add_edges(read(path, begin), whole), whole)


def add_edges(spans, whole):
    """The first process before its first phase and after its last: the program's start and end, by the clock of who started it."""
    first = spans[0]
    last = max(span.end for span in spans if span.process == first.process)
    return [Span(f"{first.process}/program starts", 0, first.begin), *spans, Span(f"{first.process}/program ends", last, whole)]


def typical(runs):
    """The run whose time is the median one."""
    return sorted(runs, key=lambda run: run.whole)[len(runs) // 2]



def from_json(run):
    """A Run that was written as JSON (dataclasses.asdict)."""
    return Run([Span(**span) for span in run["spans"]], run["whole"])
