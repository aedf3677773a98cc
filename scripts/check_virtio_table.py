#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compare the conformance table of docs/virtio.md with the sources and the tests.

Each row of clauses must be complete; each identifier must stand in a comment of each file that the
row names, and the test that it names must exist, bear the identifier in its name, and be run. The
other way around, no comment and no test may bear an identifier that the table does not have.

Of the tables of classes and faults ("Hostile drivers"), each test that a row names must exist and
be run: `split::name` is an attack of tests/guest/hostile_split.c, a rule of scripts/split.py, or a
test of tests/unit/test_virtio_split.c or tests/unit/test_split.c, whichever there is first. The
devices have no assertions.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
IDENTIFIER = re.compile(r"VIO-[A-Z]+-\d\d")
COLUMNS = 6


def rows(text):
    """Cells of each row whose first cell is an identifier, with the line's number."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("| VIO-"):
            yield number, [cell.strip() for cell in line.strip().strip("|").split("|")]


def is_run(function, text):
    """Whether a test program's list has a function."""
    return re.search(r"\b(?:[TSM]|TEST|cmocka_unit_test\w*)\(\s*" + function + r"\b",
                     text) is not None


def check_row(cells, sources, tests):
    """What is wrong with one row."""
    if len(cells) != COLUMNS:
        return [f"{len(cells)} cells instead of {COLUMNS}"]
    if not all(cells):
        return ["a cell is empty"]
    wrong = []
    identifier, _, section, degree, kept, test = cells
    if not IDENTIFIER.fullmatch(identifier):
        wrong.append(f"'{identifier}' is no identifier")
    if not re.match(r"\d+(\.\d+)+", section):
        wrong.append(f"'{section}' is no section")
    if degree not in ("MUST", "SHOULD", "states"):
        wrong.append(f"'{degree}' is no degree")
    files = re.findall(r"`([^`]+)`", kept)
    if not files:
        wrong.append("no file keeps it")
    for name in files:
        if identifier not in sources.get(name, ""):
            wrong.append(f"virtio/{name} does not mention it")
    names = re.findall(r"`([^`]+)`", test)
    if len(names) != 2:
        return wrong + ["the test is not a file and a function"]
    file, function = names
    if not function.startswith(identifier.lower().replace("-", "_") + "_"):
        wrong.append(f"the name of {function} has another identifier")
    text = tests.get(file, "")
    if f"static void {function}(void **state)" not in text:
        wrong.append(f"{file} has no {function}")
    if not is_run(function, text):
        wrong.append(f"{file} does not run {function}")
    return wrong


def runs(reference):
    """Whether a test that a table names is there, and is run."""
    group, _, name = reference.partition("::")
    for path, form in ((f"tests/guest/hostile_{group}.c", '{{ "{}",'),
                       (f"scripts/{group}.py", "    '{}': (")):
        if (TOP / path).exists():
            return form.format(name) in (TOP / path).read_text()
    for path in (f"tests/unit/test_virtio_{group}.c", f"tests/unit/test_{group}.c"):
        if (TOP / path).exists():
            text = (TOP / path).read_text()
            return f"static void {name}(void **state)" in text and \
                is_run(name, text)
    return False


def check_hostile(text):
    """What is wrong with the tables of classes and faults, and how many rows they have."""
    wrong = []
    count = 0
    section = text[text.index("\n## Hostile drivers"):].split("\n## ")[1]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or cells[0] in ("class", "fault", "---"):
            continue
        count += 1
        references = re.findall(r"`([^`]+)`", cells[-1])
        if len(cells) != 2 or not references:
            wrong.append(f"'{cells[0]}' names no test")
        wrong += [f"'{cells[0]}': {reference} is not there, or not run"
                  for reference in references if not runs(reference)]
    return wrong, count


def main():
    sources = {p.name: p.read_text() for p in sorted((TOP / "virtio").glob("*.c"))}
    tests = {p.name: p.read_text() for p in sorted((TOP / "tests/unit").glob("test_virtio_*.c"))}
    wrong = []
    known = set()
    for number, cells in rows((TOP / "docs/virtio.md").read_text()):
        if cells[0] in known:
            wrong.append(f"docs/virtio.md:{number}: {cells[0]} is there twice")
        known.add(cells[0])
        for what in check_row(cells, sources, tests):
            wrong.append(f"docs/virtio.md:{number}: {cells[0]}: {what}")
    if not known:
        wrong.append("docs/virtio.md: there is no table")
    for name, text in sources.items():
        for identifier in sorted(set(IDENTIFIER.findall(text)) - known):
            wrong.append(f"virtio/{name}: {identifier} is not in the table")
    for name, text in tests.items():
        for kind, digits in re.findall(r"static void vio_([a-z]+)_(\d\d)_", text):
            identifier = f"VIO-{kind.upper()}-{digits}"
            if identifier not in known:
                wrong.append(f"tests/unit/{name}: {identifier} is not in the table")
    hostile, faults = check_hostile((TOP / "docs/virtio.md").read_text())
    wrong += [f"docs/virtio.md: {what}" for what in hostile]
    if faults == 0:
        wrong.append("docs/virtio.md: there is no table of faults")
    for name, text in sources.items():
        if re.search(r"(?<!_Static_)\bassert\(|\babort\(", text):
            wrong.append(f"virtio/{name}: an assertion")
    for line in wrong:
        print(line)
    if not wrong:
        print(f"{len(known)} clauses, each with its comment and its test; {faults} classes and "
              "faults, each with its tests")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
