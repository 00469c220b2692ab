"""The results as text for people and as JSON for machines."""

import json

from compare_lib.statistics import Verdict, median, spread

UNITS = {
    "cpu_us": ("CPU us/request", "{:.2f}"),
    "cpu_us_event": ("CPU us/event", "{:.2f}"),
    "core_share": ("core used", "{:.0%}"),
    "sleeps": ("sleeps/request", "{:.3f}"),
    "rps": ("requests/s", "{:,.0f}"),
    "events_s": ("events/s", "{:,.0f}"),
    "p50_us": ("p50 us", "{:,.0f}"),
    "p90_us": ("p90 us", "{:,.0f}"),
    "p99_us": ("p99 us", "{:,.0f}"),
    "delay_p50_us": ("delay p50 us", "{:,.1f}"),
    "delay_p90_us": ("delay p90 us", "{:,.1f}"),
    "delay_p99_us": ("delay p99 us", "{:,.1f}"),
    "bytes_connection": ("bytes/connection", "{:,.0f}"),
    "bytes_stream": ("bytes/stream", "{:,.0f}"),
    "growth": ("ratio to 64", "{:.3f}"),
    "cpu_us_64": ("at 64", "{:.2f}"),
    "prompts": ("prompts", "{:,.0f}"),
    "ready_ms": ("ready ms", "{:.1f}"),
    "resident_mib": ("resident MiB", "{:.1f}"),
    "clock_ratio": ("ticks/scheduler", "{:.2f}"),
}
# For a reader who asks whether the figures can be trusted; in the JSON only.
QUIET = {"clock_ratio"}


def title_of(measure):
    return UNITS.get(measure, (measure, ""))[0]


def figure(measure, value):
    return UNITS.get(measure, ("", "{:.3g}"))[1].format(value)


def table(header, rows):
    """Columns as wide as they must be, the first to the left, the others to the right."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    def laid_out(line):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        return "  ".join(cells).rstrip()
    return [laid_out(header), "  ".join("-" * width for width in widths),
            *(laid_out(row) for row in rows)]


def measures_of(rounds):
    names = {}
    for by_measure in rounds.values():
        names.update(dict.fromkeys(by_measure))
    return [name for name in names if name not in QUIET]


def scenario_text(scenario, rounds):
    """One scenario's table and, under it, its marks."""
    names = measures_of(rounds)
    header = ["", *map(title_of, names)]
    body = []
    for peer, by_measure in rounds.items():
        row = [peer]
        for name in names:
            values = by_measure.get(name)
            row.append(f"{figure(name, median(values))} ±{figure(name, spread(values))}"
                       if values else "")
        body.append(row)
    lines = [f"{scenario.name}: {scenario.title}", "", *("  " + line for line in table(header, body))]
    marks = [mark_line(mark, rounds) for mark in scenario.marks]
    return "\n".join([*lines, *([""] if marks else []), *("  " + line for line in marks), ""])


def mark_line(mark, rounds):
    best = mark.best(rounds)
    against = f" against {best or ' and '.join(mark.against)}" if mark.against else ""
    value = mark.value(rounds)
    shown = "?" if value is None else f"{value:.2f}" if mark.against else figure(mark.measure, value)
    limits = [f"{limit:.2f}" if mark.against else figure(mark.measure, limit)
              for limit in (mark.reach, mark.aim)]
    gate = "  (gate)" if mark.gate else ""
    return (f"{mark.subject} {title_of(mark.measure)}{against}: {shown}"
            f"   reach <= {limits[0]}, aim <= {limits[1]}: {mark.verdict(rounds).value}{gate}")


def summary_text(results):
    """All marks of a run in one table: [(scenario, rounds)]."""
    rows = []
    for scenario, rounds in results:
        for mark in scenario.marks:
            value = mark.value(rounds)
            number = (lambda n, m=mark: f"{n:.2f}" if m.against else figure(m.measure, n))
            best = mark.best(rounds) or " and ".join(mark.against)
            rows.append([
                scenario.name, mark.subject, title_of(mark.measure), f"/ {best}" if best else "",
                "" if value is None else number(value), f"<= {number(mark.reach)}",
                f"<= {number(mark.aim)}", mark.verdict(rounds).value + (" *" if mark.gate else "")])
    if not rows:
        return ""
    header = ["scenario", "of", "measure", "against", "is", "reach", "aim", "verdict"]
    return "\n".join([*table(header, rows), "", "* a gate: a release depends on it"])


def missed_gates(results):
    return [f"{scenario.name}: {title_of(mark.measure)}" for scenario, rounds in results
            for mark in scenario.marks
            if mark.gate and mark.verdict(rounds) is Verdict.MISSED]


def as_json(run, results):
    """Everything that was measured, round by round."""
    return json.dumps({
        **run,
        "scenarios": [{
            "name": scenario.name,
            "title": scenario.title,
            "rounds": rounds,
            "medians": {peer: {name: median(values) for name, values in by_measure.items()}
                        for peer, by_measure in rounds.items()},
            "marks": [{
                "measure": mark.measure, "subject": mark.subject, "against": mark.best(rounds),
                "value": mark.value(rounds), "reach": mark.reach, "aim": mark.aim,
                "gate": mark.gate, "verdict": mark.verdict(rounds).value,
            } for mark in scenario.marks],
        } for scenario, rounds in results],
    }, indent=2)
