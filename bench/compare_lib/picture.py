"""The results as one SVG: for every scenario the peers' bars of its first measure."""

from xml.sax.saxutils import escape

from compare_lib.report import figure, title_of
from compare_lib.statistics import median, spread

WIDTH, LABEL, BAR, GAP, TITLE = 900, 110, 16, 4, 34
RIGHT = 170
COLOURS = {"headrace": "#0b6e99", "headrace-spin": "#4aa3c7", "nginx": "#8a8f98",
           "haproxy": "#b9a37e", "relay": "#cfd4da"}
STYLE = ("text{font:12px sans-serif;fill:#24292f;paint-order:stroke;stroke:#ffffff;"
         "stroke-width:3px}.t{font-weight:bold}.s{fill:#57606a}"
         ".l{stroke:#24292f;stroke-width:1}.m{stroke:#c2410c;stroke-width:1.5;stroke-dasharray:3 2}")


def draw(results, caption):
    """results: [(scenario, rounds)]; caption: one line about machine and run."""
    parts, y = [], 44
    parts.append('<text x="10" y="22" class="t">Headrace beside its peers</text>')
    parts.append(f'<text x="10" y="38" class="s">{escape(caption)}; dashed: the mark for headrace</text>')
    for scenario, rounds in results:
        drawn, height = group(scenario, rounds, y + 10)
        parts += drawn
        y += height + 10
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 20}" '
            f'viewBox="0 0 {WIDTH} {y + 20}"><style>{STYLE}</style>'
            f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>\n')


def group(scenario, rounds, top):
    """One scenario: its elements and its height."""
    measure = scenario.marks[0].measure if scenario.marks else next(
        iter(next(iter(rounds.values()))), "")
    values = {peer: by_measure[measure] for peer, by_measure in rounds.items()
              if by_measure.get(measure)}
    if not values:
        return [], 0
    limit = reach_value(scenario, rounds, measure)
    longest = max([median(each) + spread(each) for each in values.values()] + [limit or 0]) or 1
    scale = (WIDTH - LABEL - RIGHT) / longest
    parts = [f'<text x="10" y="{top + 14}" class="t">{escape(scenario.title)}</text>',
             f'<text x="{WIDTH - 10}" y="{top + 14}" text-anchor="end" class="s">'
             f'{escape(title_of(measure))}, less is better</text>']
    y = top + TITLE - 12
    for peer, each in values.items():
        middle, around = median(each), spread(each)
        end, centre = LABEL + middle * scale, y + BAR / 2
        parts.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(peer)}</text>')
        parts.append(f'<rect x="{LABEL}" y="{y}" width="{max(middle * scale, 1):.1f}" '
                     f'height="{BAR}" fill="{COLOURS.get(peer, "#999999")}"/>')
        parts.append(f'<line class="l" x1="{end - around * scale:.1f}" y1="{centre}" '
                     f'x2="{end + around * scale:.1f}" y2="{centre}"/>')
        parts.append(f'<text x="{end + around * scale + 6:.1f}" y="{y + 12}">'
                     f'{escape(figure(measure, middle))}</text>')
        y += BAR + GAP
    if limit:
        x = LABEL + limit * scale
        parts.append(f'<line class="m" x1="{x:.1f}" y1="{top + TITLE - 14}" x2="{x:.1f}" y2="{y}"/>')
    return parts, y - top


def reach_value(scenario, rounds, measure):
    """Where the mark to reach lies on the scale of the measure; None if there is none."""
    for mark in scenario.marks:
        if mark.measure != measure:
            continue
        if not mark.against:
            return mark.reach
        if best := mark.best(rounds):
            return mark.reach * median(rounds[best][measure])
    return None
