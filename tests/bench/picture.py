"""Where the time of a start goes, as a picture: a line for each phase, on one scale for both processes and, above them, for the floor."""
import sys

import trace
from svg import Page

WIDTH, LEFT, RIGHT, ROW = 960, 210, 80, 18
COLOURS = {"floor": "floor", "child": "floor", "berth": "berth", "network task": "berth", "container": "child"}
HEADINGS = {"floor": "the floor", "child": "the floor's child", "berth": "berth", "network task": "berth's network task", "container": "berth's child, the container"}
WHOLE = ("berth/run",) # phases that are all of a process: no line


def rows(run):
    """[(path, [span])] by process, in order of the first begin; phases of one path share a line."""
    found = {}
    for span in run.spans:
        if span.path not in WHOLE and not (span.path == "container/init"):
            found.setdefault(span.path, []).append(span)
    order = list(dict.fromkeys(path.split("/")[0] for path in found))
    return sorted(found.items(), key=lambda item: (order.index(item[0].split("/")[0]), item[1][0].begin, item[0].count("/")))


def draw(runs, path):
    """runs: those of the floor and of berth."""
    longest = max(run.whole for run in runs)
    page, y, heading = Page(WIDTH, "The phases of a run of a no-op, minimal bundle: the floor and berth"), 40, None

    def place(microseconds):
        return LEFT + (WIDTH - LEFT - RIGHT) * microseconds / longest

    grid_from = y - 12
    for run in runs:
        for name, spans in rows(run):
            process = spans[0].process
            if process != heading:
                heading, y = process, y + 8
                page.text(0, y + 4, HEADINGS.get(process, process), "strong")
                if process in ("floor", "berth"):
                    page.text(WIDTH, y + 4, f"{run.whole:.0f} µs", "strong", "end")
                y += ROW
            took = sum(span.end - span.begin for span in spans)
            depth = sum(1 for part in name.split("/")[1:-1] if part not in ("run", "init"))
            words = name.rsplit("/", 1)[1] + (f" × {len(spans)}" if len(spans) > 1 else "")
            page.text(12 + 12 * depth, y + 4, words, "small" + (" dim" if trace.waits(name) else ""))
            for span in spans:
                page.span(place(span.begin), place(span.end), y, COLOURS.get(process, "berth"), 9, f"{words}: {span.end - span.begin:.0f} µs",
                          0.3 if trace.waits(name) else 1.0)
            page.text(WIDTH, y + 4, f"{took:.0f}", "small dim", "end")
            y += ROW
    for tick in range(0, int(longest) + 1, 250 if longest < 4000 else 1000):
        page.shapes.insert(0, f'<line x1="{place(tick):.1f}" y1="{grid_from}" x2="{place(tick):.1f}" y2="{y - ROW / 2}" class="grid"/>')
        page.text(place(tick), 20, f"{tick} µs" if tick else "0", "dim small", "middle")
    page.write(path, y)


def main():
    """picture.py TRACE SVG: of the file that --trace wrote for one run."""
    source, target = sys.argv[1:]
    begin = min(event["ts"] for event in trace.events(source) if "ts" in event)
    spans = trace.read(source, begin)
    draw([trace.Run(spans, max(span.end for span in spans))], target)


if __name__ == "__main__":
    main()
