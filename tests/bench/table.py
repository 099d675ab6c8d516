"""Results as a table, for a terminal and for Markdown."""
from summary import shown

RUNTIMES = ("floor", "berth", "crun", "runc")
NUMBERS = (*RUNTIMES, "floor µs", "berth µs", "more") # columns to be set to the right


def spread(cell, unit):
    """How far the tenth and the ninetieth of a hundred samples are from the median."""
    if cell["samples"] < 5:
        return ""
    low, high = ((cell[end] / cell["median"] - 1) * 100 for end in ("p10", "p90"))
    return f" ({low:+.0f} {high:+.0f} %)"


def verdict(target, unit):
    value = f"{target['value']:.2f}" if target["relative"] else shown(target["value"], unit)
    return f"{target['text']}: {value}, {'met' if target['met'] else '**missed**'}"


def row(result):
    unit = result["unit"]
    cells = []
    for name in RUNTIMES:
        cell = result["cells"].get(name)
        failed = f", {cell['failed']} failed" if cell and cell["failed"] else ""
        cells.append(shown(cell["median"], unit) + spread(cell, unit) + failed if cell else "")
    return [result["title"], *cells, "; ".join(verdict(target, unit) for target in result["targets"])]


def rows(results, verdicts=True):
    table = [["work", *RUNTIMES, "target: now"], *[row(each) for each in results]]
    used = [column for column, head in enumerate(table[0]) if any(line[column] for line in table[1:]) and (verdicts or head != "target: now")]
    return [[line[column] for column in used] for line in table]


def markdown(table):
    lines = ["| " + " | ".join(line) + " |" for line in table]
    kinds = ["---:" if head in NUMBERS else "---" for head in table[0]]
    return "\n".join([lines[0], "|" + "|".join(kinds) + "|", *lines[1:]])


def text(table):
    plain = [[cell.replace("`", "").replace("**", "") for cell in line] for line in table]
    widths = [max(len(line[column]) for line in plain) for column in range(len(plain[0]))]
    return "\n".join("  ".join(cell.rjust(width) if table[0][column] in NUMBERS else cell.ljust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip() for line in plain)


def count_met(results):
    targets = [target for each in results for target in each["targets"]]
    return f"{sum(target['met'] for target in targets)} of {len(targets)} targets met"
