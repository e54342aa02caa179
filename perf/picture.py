# SPDX-License-Identifier: BSD-3-Clause
"""picture: panels of bars and lines in one SVG, for what benchmarks and the rig have measured."""
import html
import math

COLOURS = {"64": "#14508c", "256": "#3f7fbf", "576": "#2f8f5b", "1400": "#c0392b", "IMIX": "#8f3fa8"}
OTHER_COLOURS = ("#888888", "#e67e22", "#6f8f7f", "#b9d5ef", "#f2b48c", "#444444")

WIDTH, PANEL_HEIGHT = 1000, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 45


class Picture:
    def __init__(self, colours=None):
        self.parts = []
        self.height = 0
        self.colours = dict(COLOURS if colours is None else colours)

    def colour(self, name):
        """The same for the same name; names without one of their own take the next that is left."""
        if name not in self.colours:
            self.colours[name] = OTHER_COLOURS[len(self.colours) % len(OTHER_COLOURS)]
        return self.colours[name]

    def text(self, x, y, words, anchor="start", size=12, turn=0):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{turned}>'
                          f"{html.escape(words)}</text>")

    def line(self, x1, y1, x2, y2, colour="#dddddd", width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"/>')

    def box(self, x, y, width, height, colour, title=""):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                          f'fill="{colour}"><title>{html.escape(title)}</title></rect>')

    def dot(self, x, y, colour, title):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
                          f"<title>{html.escape(title)}</title></circle>")

    def panel(self, title, unit, most):
        """Frame and grid. Returns a function from a value to its height."""
        top, bottom = self.height + TOP, self.height + PANEL_HEIGHT - BOTTOM
        step = 10 ** math.floor(math.log10(most)) if most > 0 else 1
        step = step / 5 if most / step < 2 else step / 2 if most / step < 5 else step
        scale = (bottom - top) / (math.ceil(most / step) * step or 1)
        for i in range(math.ceil(most / step) + 1):
            y = bottom - i * step * scale
            self.line(LEFT, y, WIDTH - RIGHT, y)
            self.text(LEFT - 6, y + 4, f"{i * step:g}", "end", 11)
        self.text(LEFT, self.height + 22, title, size=15)
        self.text(16, (top + bottom) / 2, unit, "middle", 11, -90)
        self.height += PANEL_HEIGHT
        return lambda value: bottom - value * scale

    def legend(self, names):
        x = LEFT
        for name in names:
            self.box(x, self.height + 4, 12, 12, self.colour(name))
            self.text(x + 16, self.height + 14, name)
            x += 34 + 8 * len(name)
        self.height += 28

    def svg(self):
        return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{self.height}" '
                f'viewBox="0 0 {WIDTH} {self.height}" font-family="sans-serif">\n'
                f'<rect width="{WIDTH}" height="{self.height}" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def plot_lines(picture, series, title, unit, places):
    """series: name to [(x, y, title)]. places: x to where it stands, 0 to 1."""
    ys = [y for points in series.values() for _, y, _ in points]
    if not ys:
        return
    height = picture.panel(title, unit, max(ys))
    wide = WIDTH - LEFT - RIGHT
    for name, points in series.items():
        colour = picture.colour(name)
        ends = [(LEFT + places[x] * wide, height(y)) for x, y, _ in points]
        for (x1, y1), (x2, y2) in zip(ends, ends[1:]):
            picture.line(x1, y1, x2, y2, colour, 2)
        for (x, y), point in zip(ends, points):
            picture.dot(x, y, colour, f"{name}: {point[2]}")
    for x, place in places.items():
        picture.text(LEFT + place * wide, height(0) + 18, f"{x:g}", "middle")
    picture.legend(series)


def plot_groups(picture, groups, title, unit):
    """groups: name to {bar's name: (value, title)}."""
    names = list(dict.fromkeys(name for bars in groups.values() for name in bars))
    values = [value for bars in groups.values() for value, _ in bars.values()]
    if not values:
        return
    height = picture.panel(title, unit, max(values))
    group = (WIDTH - LEFT - RIGHT) / len(groups)
    bar = group * 0.85 / len(names)
    for i, (group_name, bars) in enumerate(groups.items()):
        for name, (value, words) in bars.items():
            x = LEFT + i * group + group * 0.07 + names.index(name) * bar
            picture.box(x, height(value), bar * 0.9, height(0) - height(value), picture.colour(name), f"{name}: {words}")
        picture.text(LEFT + (i + 0.5) * group, height(0) + 18, group_name, "middle")
    picture.legend(names)
