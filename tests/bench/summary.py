"""From samples to medians, spread, ratios and verdicts. A result is what the table has a line of, and the JSON an object:

    {"name", "title", "unit": "s"|"bytes"|"calls", "cells": {RUNTIME: {"median", "p10", "p90", "samples", "failed"}},
     "targets": [{"text", "value", "limit", "met"}]}
"""
import statistics

SCALES = {"s": (1e3, "ms"), "bytes": (1 / 1024, "KiB"), "calls": (1, "calls")}


def cell(samples, failed=0):
    ordered = sorted(samples)
    return {"median": statistics.median(ordered), "p10": ordered[len(ordered) // 10], "p90": ordered[len(ordered) * 9 // 10],
            "samples": len(ordered), "failed": failed}


def result(name, title, unit, samples, failed=None):
    """samples: {runtime: [value]}."""
    cells = {runtime: cell(values, (failed or {}).get(runtime, 0)) for runtime, values in samples.items() if values}
    return {"name": name, "title": title, "unit": unit, "cells": cells, "targets": []}


def shown(value, unit):
    scale, name = SCALES[unit]
    number = value * scale
    digits = 0 if unit != "s" or number >= 100 else 1 if number >= 20 else 2
    return f"{number:.{digits}f} {name}"


def base_of(against, own, results):
    """The median that a target refers to, or None where that was not measured."""
    work, _, runtime = against.rpartition("/")
    found = results.get(work or own["name"], {}).get("cells", {}).get(runtime)
    return found and found["median"]


def fraction(limit):
    return "⅓" if abs(limit - 1 / 3) < 1e-6 else "½" if limit == 0.5 else f"{limit:g}"


def label(target, own, results):
    work, _, runtime = target.against.rpartition("/")
    if not work:
        return f"≤ {fraction(target.limit)} × {runtime}"
    return f"≤ {fraction(target.limit)} × " + (runtime if runtime == "floor" else f"{results[work]['title']}")


def judge(own, targets, results):
    """Fills the result's targets: of berth's median, of failures."""
    berth = own["cells"].get("berth")
    if not berth:
        return
    for target in targets:
        base = base_of(target.against, own, results) if target.against else 1
        if not base:
            continue
        value = berth["median"] / base
        own["targets"].append({"text": label(target, own, results) if target.against else f"≤ {target.text}",
                               "value": value, "limit": target.limit, "relative": bool(target.against),
                               "met": value <= target.limit and not berth["failed"]})


def judged(pairs):
    """Results whose targets are judged; pairs: [(result, targets)]."""
    results = {each["name"]: each for each, _ in pairs}
    for each, targets in pairs:
        judge(each, targets, results)
    return list(results.values())
