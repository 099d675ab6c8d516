"""The times of all works as a picture: a dot each, the spread as a bar through it, on a scale where equal distances are equal ratios."""
import math

from summary import shown
from svg import Page

RUNTIMES = ("floor", "berth", "crun", "runc")
WIDTH, LEFT, RIGHT, ROW, TOP = 960, 330, 90, 34, 70


def ticks(low, high):
    """1, 2, 5 of each decade, or 1 and 3 where that would be too many."""
    steps = (1, 2, 5) if math.log10(high / low) < 2.5 else (1, 3)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for decade in decades for value in (step * 10 ** decade for step in steps) if low <= value <= high]


def tick_text(seconds):
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1e3:g} ms"


def plot(results, path):
    timed = [each for each in results if each["unit"] == "s"]
    values = [cell[key] for each in timed for cell in each["cells"].values() for key in ("p10", "median", "p90")]
    low, high = min(values) / 1.2, max(values) * 1.2
    page = Page(WIDTH, "Times of berth, crun, runc and the floor: medians, and where four of five samples are")

    def place(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / low) / math.log(high / low)

    bottom = TOP + ROW * len(timed)
    for tick in ticks(low, high):
        page.line(place(tick), TOP - 12, place(tick), bottom)
        page.text(place(tick), TOP - 20, tick_text(tick), "dim small", "middle")
    for number, name in enumerate(RUNTIMES):
        page.dot(LEFT + number * 90, 20, name)
        page.text(LEFT + 10 + number * 90, 24.5, name)
    page.text(WIDTH, TOP - 20, "berth / crun", "dim small", "end")
    for number, each in enumerate(timed):
        y = TOP + ROW * number + 12
        page.text(0, y + 4, each["title"].replace("`", ""), "small")
        cells = each["cells"]
        for name in RUNTIMES:
            if name in cells:
                cell = cells[name]
                page.span(place(cell["p10"]), place(cell["p90"]), y, name, opacity=0.45)
                page.dot(place(cell["median"]), y, name, f"{name}: {shown(cell['median'], 's')}")
        if "berth" in cells and "crun" in cells:
            page.text(WIDTH, y + 4, f"{cells['berth']['median'] / cells['crun']['median']:.2f}", "strong", "end")
    page.write(path, bottom)
