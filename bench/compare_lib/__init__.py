"""bench/compare: whole-system measurements of proxies side by side, on one machine in one run.

command_line   what the user may ask for; the run from top to bottom
scenarios      the rows of the table: what is measured, and the mark to reach
turns          one peer's turn in one round: start, warm up, measure, stop
measures       what a turn gives: CPU a request, latencies, memory
peer, *_peers  nginx, HAProxy, bare programs, headrace: their configs and how they start
provider, load the mock provider behind the proxies and the load before them
accounting     CPU and memory of a process and its children, from /proc
statistics     medians, spread, ratios and marks
report, picture   the results as text, JSON and SVG
"""
