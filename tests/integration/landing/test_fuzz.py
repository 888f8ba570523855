"""Fuzzed deliveries: none crashes, hangs or fills the memory, and no row is lost or made up.

FAULTLINE_FUZZED says how many of the thousand are tried. The first 400 hold every recipe, and nearly all of its pairs
with a kind of file.
"""

import os
from pathlib import Path

import pytest

from tests.integration.landing import fuzz, mutations, reference, sound

pytestmark = pytest.mark.integration

CHUNK = 100
N_FUZZED = min(int(os.environ.get("FAULTLINE_FUZZED", "400")), mutations.N_CASES)


@pytest.mark.parametrize("file_set", sound.FILE_SETS)
def test_sound_files_land_whole(file_set: str, tmp_path: Path) -> None:
    """What is damaged later is whole to begin with, and the independent reader agrees."""
    ground = fuzz.Ground(tmp_path)
    case = mutations.Case(0, "sound", file_set, "a", sound.content(file_set), {"": sound.content(file_set)})
    ground.deliver([case])
    ground.land()
    landed = ground.landed()[f"{file_set}/0/a"]
    n_filtered = sum(row["queue"] == sound.FILTERED_QUEUE for row in sound.records())
    expected = (sound.N_RECORDS, n_filtered if file_set == "tsv" else 0, 0)
    assert (landed.n_read, landed.n_filtered, landed.n_quarantined) == expected
    found = reference.read(file_set, sound.content(file_set))
    assert fuzz.compare(found, landed) == []
    assert found.is_unsure == (file_set in sound.BINARY)


def test_a_workbook_lands_the_rows_of_the_same_csv(tmp_path: Path) -> None:
    ground = fuzz.Ground(tmp_path)
    content = sound.content("xlsx")
    ground.deliver([mutations.Case(0, "sound", "xlsx", "a", content, {"": content})])
    ground.land()
    # XML knows no carriage returns.
    rows = [row | {"reason": row["reason"].replace("\r\n", "\n")} for row in sound.records()]
    found = reference.read("csv", sound.text("csv", rows).encode())
    assert fuzz.compare(found, ground.landed()["xlsx/0/a"]) == []


def test_every_recipe_is_tried() -> None:
    """Without it, fewer cases could leave out a way to damage a file, and nobody would see."""
    tried = {mutations.make(number).recipe for number in range(N_FUZZED)}
    assert tried == {mutations.make(number).recipe for number in range(mutations.N_CASES)}


def test_cases_are_the_same_every_time() -> None:
    for number in range(0, mutations.N_CASES, 7):
        assert mutations.make(number) == mutations.make(number)


def test_most_cases_are_judged_by_what_is_in_them() -> None:
    """A judge that is unsure of everything would find no fault with anything."""
    cases = [mutations.make(number) for number in range(0, mutations.N_CASES, 3)]
    found = [
        reference.read(case.file_set, plain)
        for case in cases
        if case.file_set not in sound.BINARY
        for member, plain in case.members.items()
        if member not in case.refused
    ]
    assert sum(one.is_unsure for one in found) < len(found) / 10
    assert sum(one.n_read for one in found) > 5_000
    assert sum(len(one.damaged) for one in found) > 200


@pytest.mark.parametrize("first", range(0, N_FUZZED, CHUNK))
def test_fuzzed_deliveries(first: int, tmp_path: Path) -> None:
    numbers = range(first, min(first + CHUNK, N_FUZZED))
    report = fuzz.run(numbers, tmp_path)
    failures = [f"{n} ({mutations.make(n).recipe}): {'; '.join(found)}" for n, found in report.wrong.items()]
    assert not failures, "\n".join(failures)
    assert report.memory_kb < fuzz.MAX_MEMORY_KB
