"""What the fuzzer found, each as small as it gets."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.stages.place import Place, cases, csv_text

pytestmark = pytest.mark.integration


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place")


def stored(n: int) -> bytearray:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for i in range(n):
            archive.writestr(f"{i}.csv", csv_text(("Quokka", "2025-01-01", "x")))
    return bytearray(target.getvalue())


def test_a_member_that_a_damaged_entry_swallows_is_missed(place: Place) -> None:
    """The length of a comment is one bit off: the entries that follow become part of it."""
    content = stored(3)
    content[content.find(b"PK\1\2") + 33] |= 1
    place.source().put("a.zip", bytes(content))
    assert place.refused() == "damaged archive (1 of 3 members found); deliver it again"


def test_the_reason_of_a_damaged_archive_quotes_nothing_of_it(place: Place) -> None:
    """The length of a name is damaged, and the first rows are taken for part of the name."""
    content = stored(1)
    content[content.find(b"PK\3\4") + 26] = 40
    place.source().put("a.zip", bytes(content))
    assert place.refused() == "damaged archive (File name in directory ... differ.); deliver it again"
    assert b"Quokka" not in place.written()


@pytest.mark.parametrize("ends", ["\r\n\n", "\r\r\n"])
def test_rows_after_a_header_that_ends_otherwise_are_not_lost(place: Place, ends: str) -> None:
    lines = csv_text(*cases(2)).splitlines()
    place.source().put("a.csv", "".join(line + end for line, end in zip(lines, ends, strict=True)))
    assert place.refused().startswith("its header ends with a carriage return")


def test_rows_after_a_header_with_a_carriage_return_in_it_are_not_lost(place: Place) -> None:
    place.source().put("a.csv", 'id,opened,status,"two\rlines"\nC1,2025-01-01,x,"y\nz"\nC2,2025-01-01,x,y\n')
    assert place.land_one().n_read == 2
    assert place.rows("case_id") == ["C1", "C2"]


def test_a_key_without_a_name_costs_nothing(place: Place) -> None:
    record = {"id": "C1", "opened": "2025-01-01", "": "x"}
    place.source(format="jsonl").put("a.jsonl", json.dumps(record) + "\n")
    assert place.land_one().n_read == 1
    assert place.rows("case_id") == ["C1"]


@pytest.mark.parametrize("more", ["", "torn\n"])
def test_a_key_written_twice_that_nobody_reads_costs_nothing(place: Place, more: str) -> None:
    """Whether the line lands must not hang on other lines."""
    line = '{"id": "C1", "opened": "2025-01-01", "status": "x", "other": 1, "other": 2}\n'
    place.source(format="jsonl").put("a.jsonl", line + more)
    place.land_one()
    assert place.rows("case_id") == ["C1"]


@pytest.mark.parametrize("content", ["\n", "\r\n", "  "])
def test_a_blank_file_is_no_array(place: Place, content: str) -> None:
    place.source(format="json").put("a.json", content)
    assert place.refused() == "damaged, or not of the declared format; deliver it again"
