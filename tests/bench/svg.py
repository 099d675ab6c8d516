"""A few lines of SVG: a page that is readable on light and on dark, and the shapes that the pictures need."""
import html

# name: on light, on dark
COLOURS = {
    "paper": ("#ffffff", "#0d1117"), "text": ("#24292f", "#e6edf3"), "dim": ("#6e7781", "#8d96a0"), "grid": ("#d0d7de", "#30363d"),
    "floor": ("#8c959f", "#8d96a0"), "berth": ("#0969da", "#58a6ff"), "child": ("#8250df", "#bc8cff"),
    "crun": ("#bc4c00", "#f0883e"), "runc": ("#4d7c0f", "#7ee787"),
}


def rules(column):
    return " ".join(f".{name} {{ fill: {colours[column]}; stroke: {colours[column]}; }}" for name, colours in COLOURS.items())


STYLE = f"""
  {rules(0)}
  @media (prefers-color-scheme: dark) {{ {rules(1)} }}
  text {{ font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
  text, rect, circle {{ stroke: none !important; }}
  .small {{ font-size: 11px; }}
  .strong {{ font-weight: 600; }}
"""
MARGIN = 12


class Page:
    def __init__(self, width, title):
        self.width, self.title, self.shapes = width, title, []

    def text(self, x, y, words, kind="", anchor="start"):
        colour = "" if "dim" in kind else "text "
        self.shapes.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{colour}{kind}">{html.escape(words)}</text>')

    def line(self, x1, y1, x2, y2):
        self.shapes.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="grid"/>')

    def span(self, x1, x2, y, colour, height=3, told="", opacity=1.0):
        """A bar around y, at least a pixel wide."""
        self.shapes.append(f'<rect x="{x1:.1f}" y="{y - height / 2:.1f}" width="{max(x2 - x1, 1):.1f}" height="{height}" rx="1.5" '
                           f'class="{colour}" opacity="{opacity}"><title>{html.escape(told)}</title></rect>')

    def dot(self, x, y, colour, told=""):
        self.shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="{colour}"><title>{html.escape(told)}</title></circle>')

    def write(self, path, height):
        with open(path, "w") as file:
            x, y, width, height = -MARGIN, -MARGIN, self.width + 2 * MARGIN, round(height) + 2 * MARGIN
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{x} {y} {width} {height}" role="img">\n'
                       f'<title>{html.escape(self.title)}</title>\n<style>{STYLE}</style>\n'
                       f'<rect x="{x}" y="{y}" width="{width}" height="{height}" class="paper"/>\n' + "\n".join(self.shapes) + "\n</svg>\n")
