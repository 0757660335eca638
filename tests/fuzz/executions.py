"""Adds up how often fuzz targets ran: `./do fuzz` writes a line for each run of a target, and this moves
them into the table of bench/results/robustness.md.

usage: executions.py TSV TABLE   (${XDG_CACHE_HOME:-~/.cache}/thaw/fuzz/executions.tsv bench/results/robustness.md)
"""
import collections
import pathlib
import re
import sys

ROW = re.compile(r"^\| (\d{4}-\d\d-\d\d) \| (\w+) \| ([\d,]+) \|$")
TOTAL = re.compile(r"^Executions in all: [\d,]+\.$", re.M)
HEAD = "| date | target | executions |\n| --- | --- | ---: |\n"


def with_counts(page, lines):
    """The page with the lines' counts in its table."""
    counts = collections.Counter()
    kept = []
    for line in page.splitlines():
        row = ROW.match(line)
        if row:
            counts[row[1], row[2]] += int(row[3].replace(",", ""))
        elif line not in HEAD.splitlines():
            kept.append(line)
    for line in lines:
        date, target, count = line.split("\t")
        counts[date, target] += int(count)
    table = HEAD + "".join(f"| {date} | {target} | {n:,} |\n" for (date, target), n in sorted(counts.items()))
    text, found = TOTAL.subn(f"Executions in all: {sum(counts.values()):,}.", "\n".join(kept).rstrip())
    if found != 1:
        raise SystemExit("the page lacks its line 'Executions in all: 0.'")
    return f"{text}\n\n{table}"


def main():
    log, page = map(pathlib.Path, sys.argv[1:])
    lines = log.read_text().splitlines() if log.exists() else []
    page.write_text(with_counts(page.read_text(), lines))
    log.unlink(missing_ok=True)
    print(TOTAL.search(page.read_text())[0])


if __name__ == "__main__":
    main()
