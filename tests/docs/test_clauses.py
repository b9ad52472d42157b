#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/CLAUSES.md against the code and the test vectors: every clause is named in the code and has a vector, and no
clause is named that is not in the table.

LAMPYR_SOURCE is the folder of the project.
"""
import functools
import json
import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["LAMPYR_SOURCE"])
TABLE = SOURCE / "docs" / "CLAUSES.md"
VERIFIER = SOURCE / "metadata" / "src"
CODE = ("metadata", "secondary", "primary", "host", "repo-tools")
STANDARDS = {"Uptane": "Uptane 2.1.0, ", "TUF": "TUF 1.0.34, "}
VERIFIER_HEAD = ["Clause", "Demand", "Where", "Refused", "Accepted", "Remark"]
OTHERS_HEAD = ["Clause", "Demand", "Where", "Tests"]
ATTACKS_HEAD = ["Attack", "Refused", "Only just acceptable", "Remark"]

SECTION = r"\d+(?:\.\d+)*"
STEPS = rf"{SECTION}(?:(?:, | and | to )\d+(?:\.\d+)?(?!\.?\d))*"
PLACE = rf"{SECTION}(?: steps? {STEPS})?"
CITATION = re.compile(rf"(Uptane 2\.1\.0|TUF 1\.0\.34), ({PLACE}(?:(?:, | and | to ){PLACE})*)|\b(TAP \d+)")


# --- the table ---

def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(text):
    """Every table of a page: its head, and its rows."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *rows = [cells(line) for line in block.splitlines()]
        yield head, rows


def rows(head):
    """The rows of all tables with that head, as lists of cells."""
    return [row for table, lines in tables(TABLE.read_text()) if table == head for row in lines]


def quoted(cell):
    return re.findall(r"`([^`]+)`", cell)


def clauses(cell):
    """The full names of the clauses in a cell like "Uptane 5.4.4.3 step 2.3; TUF 5.3.4"."""
    for clause in cell.split("; "):
        standard, _, place = clause.partition(" ")
        yield STANDARDS[standard] + place if standard in STANDARDS else clause


def known():
    """Every clause in the table, whoever's it is."""
    return {clause for head in (VERIFIER_HEAD, OTHERS_HEAD) for row in rows(head) for clause in clauses(row[0])}


# --- the code ---

def sources(*folders):
    for folder in folders:
        for path in sorted((SOURCE / folder).rglob("*.[ch]")):
            yield path


def unwrapped(text):
    """Comments and strings over several lines, each as one line."""
    return re.sub(r"\s*\n\s*(?:\* |\" )?", " ", text)


def places(listing):
    """The single places of "5.4.4.6 steps 2 to 5, 5.4.4.7 and 5.4.4.8"."""
    for section, steps in re.findall(rf"({SECTION})(?: steps? ({STEPS}))?", listing):
        if not steps:
            yield section
        for first, last in re.findall(rf"({SECTION})(?: to (\d+))?", steps):
            yield f"{section} step {first}"
            between = range(int(first) + 1, int(last) + 1) if last else ()
            yield from (f"{section} step {step}" for step in between)


def cited(text):
    """Every clause that a text names."""
    for standard, listing, tap in CITATION.findall(unwrapped(text)):
        if tap:
            yield tap
        else:
            yield from (f"{standard}, {place}" for place in places(listing))


def refusals():
    """Clauses that refusals carry, each with a file that does."""
    for path in sources(*CODE):
        for clause in re.findall(r'LP_CLAUSE\("([^"]+)"\)', path.read_text()):
            yield clause, path.relative_to(SOURCE)


def defines(path, function):
    """Does the file define it (C: from the start of a line; Python: a function or method)?"""
    text = path.read_text()
    if path.suffix == ".py":
        return re.search(rf"^\s*def {re.escape(function)}\(", text, re.MULTILINE) is not None
    return re.search(rf"^[a-z][^\n;{{}}]*\b{re.escape(function)}\([^;{{}}]*\)\s*\{{", text, re.MULTILINE) is not None


# --- the vectors ---

@functools.lru_cache(maxsize=None)
def vectors():
    return {v["name"]: v for path in (SOURCE / "test-vectors" / "vectors").rglob("*.json")
            for v in [json.loads(path.read_text())]}


def verdicts(vector):
    for step in vector["steps"]:
        yield step["expect"]
        yield from step["expect"].get("targets", ())


def refuses(vector):
    """Is anything in it refused: a run, an image, a download, or a report as seen before?"""
    return any(v["verdict"] != "accepted" and v["verdict"] != "installed" or v.get("download", "ok") != "ok"
               or not v.get("fresh", True) for v in verdicts(vector))


def ends_well(vector):
    return vector["steps"][-1]["expect"]["verdict"] == "accepted"


def named_by(vector):
    return {vector["clause"]} | {v["clause"] for v in verdicts(vector) if "clause" in v}


# --- what is wrong ---

def wrong_where(row, cell, folder):
    if not quoted(cell):
        yield f"{row[0]}: no function"
    for place in quoted(cell):
        name, _, function = place.partition(":")
        if not (folder / name).is_file():
            yield f"{row[0]}: {name} is no file"
        elif not defines(folder / name, function):
            yield f"{row[0]}: {name} does not define {function}()"


def wrong_vectors(row, refused, accepted):
    for name in quoted(refused) + quoted(accepted):
        if name not in vectors():
            yield f"{row[0]}: there is no vector {name}"
        elif name in quoted(refused) and not refuses(vectors()[name]):
            yield f"{row[0]}: {name} refuses nothing"
        elif name in quoted(accepted) and not ends_well(vectors()[name]):
            yield f"{row[0]}: {name} does not end well"


def wrong_verifier_row(row):
    _, _, where, refused, accepted, _ = row
    yield from wrong_where(row, where, VERIFIER)
    yield from wrong_vectors(row, refused, accepted)
    if not quoted(refused) + quoted(accepted):
        yield f"{row[0]}: no vector"


def foreign_vectors(row):
    for name in quoted(row[3]) + quoted(row[4]):
        if name in vectors() and not named_by(vectors()[name]) & set(clauses(row[0])):
            yield f"{row[0]}: {name} is about another clause"


def wrong_attack(row):
    attack, refused, accepted, remark = row
    yield from wrong_vectors(row, refused, accepted)
    if not quoted(refused):
        yield f"{attack}: no vector"
    if not quoted(accepted) and not remark:
        yield f"{attack}: nothing that is only just acceptable, and no reason"
    for name in quoted(refused):
        if name in vectors() and vectors()[name]["attack"] != attack:
            yield f"{attack}: {name} is another attack"


class Clauses(unittest.TestCase):
    def rows(self, head):
        """The rows of the tables with that head; there are some, and each has all its cells."""
        found = rows(head)
        self.assertTrue(found, f"no table with the columns {head}")
        self.assertEqual([row for row in found if len(row) != len(head)], [])
        return found

    def assert_none(self, problems):
        found = list(problems)
        self.assertFalse(found, "\n" + "\n".join(found))

    def test_every_clause_of_the_verifier_has_code_and_a_vector(self):
        self.assert_none(wrong for row in self.rows(VERIFIER_HEAD) for wrong in wrong_verifier_row(row))

    def test_every_vector_in_the_table_names_its_clause(self):
        self.assert_none(wrong for row in self.rows(VERIFIER_HEAD) for wrong in foreign_vectors(row))

    def test_every_clause_of_the_verifier_is_named_in_its_code(self):
        named = {clause for path in sources("metadata") for clause in cited(path.read_text())}
        self.assert_none(f"nothing in metadata/ names {row[0]}" for row in self.rows(VERIFIER_HEAD)
                         if next(clauses(row[0])) not in named)

    def test_every_clause_of_a_refusal_is_in_the_table(self):
        self.assertTrue(list(refusals()))
        table = known()
        self.assert_none(f"{path}: {clause}" for clause, path in refusals() if clause not in table)

    def test_every_clause_of_a_vector_is_in_the_table(self):
        self.assertTrue(vectors())
        table = known()
        self.assert_none(f"{name}: {clause}" for name, vector in vectors().items()
                         for clause in sorted(named_by(vector)) if clause not in table)

    def test_no_clause_has_two_rows(self):
        first = [next(clauses(row[0])) for row in self.rows(VERIFIER_HEAD)]
        self.assertEqual(sorted(first), sorted(set(first)))

    def test_what_others_do_exists(self):
        self.assert_none(wrong for row in self.rows(OTHERS_HEAD)
                         for cell, folder in ((row[2], SOURCE), (row[3], SOURCE / "tests"))
                         for wrong in wrong_where(row, cell, folder))

    def test_every_attack_has_a_vector_and_one_that_is_only_just_acceptable(self):
        table = self.rows(ATTACKS_HEAD)
        self.assert_none(wrong for row in table for wrong in wrong_attack(row))
        tried = {vector["attack"] for vector in vectors().values()} - {""}
        self.assertEqual(sorted(row[0] for row in table), sorted(tried))


if __name__ == "__main__":
    unittest.main()
