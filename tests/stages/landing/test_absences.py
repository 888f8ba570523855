"""What is gone is said once: otherwise rows of a removed file or source count, or vanish, without a word."""

from pathlib import Path

from orchestration.landing import absences
from orchestration.sources import source_files
from tests.stages.place import Place, cases, csv_text


def _reported(place: Place, *, described: bool = True) -> list[str]:
    known = [source_files.load(place.yaml)] if described else []
    found = absences.notes(place.manifest, known, place.exports, place.home.state)
    return [note.text for note in found]


def test_files_that_left_the_exports_are_reported_once_and_again_when_more_leave(tmp_path: Path) -> None:
    place = Place(tmp_path).source(glob="*.csv")
    for name in ("a", "b", "c"):
        place.put(f"{name}.csv", csv_text(*cases(2)))
    place.land()
    assert _reported(place) == []
    (place.exports / "a.csv").unlink()
    (place.exports / "b.csv").unlink()
    assert _reported(place) == ["crm: a.csv and 1 more file left the exports; the rows stay."]
    assert _reported(place) == []
    (place.exports / "c.csv").unlink()
    assert _reported(place) == ["crm: c.csv left the exports; the rows stay."]


def test_a_file_that_came_back_and_left_again_is_reported_again(tmp_path: Path) -> None:
    place = Place(tmp_path).source(glob="*.csv")
    path = place.put("a.csv", csv_text(*cases(2)))
    place.land()
    content = path.read_bytes()
    path.unlink()
    assert _reported(place)
    path.write_bytes(content)
    assert _reported(place) == []
    path.unlink()
    assert _reported(place) == ["crm: a.csv left the exports; the rows stay."]


def test_a_file_that_was_moved_did_not_leave(tmp_path: Path) -> None:
    """Without it, a run says that a file left which lies among the exports under another name."""
    place = Place(tmp_path).source(glob="**/*.csv")
    path = place.put("a.csv", csv_text(*cases(2)))
    place.land()
    (place.exports / "old").mkdir()
    moved = path.rename(place.exports / "old" / "a.csv")
    place.land()
    assert _reported(place) == []
    moved.unlink()
    assert _reported(place) == ["crm: a.csv left the exports; the rows stay."]


def test_a_source_without_its_yaml_is_reported_once(tmp_path: Path) -> None:
    place = Place(tmp_path).source(glob="*.csv")
    place.put("a.csv", csv_text(*cases(2)))
    place.land()
    assert _reported(place, described=False) == [
        "No source file describes crm any more: its 2 rows are left out of the marts. "
        "Put its YAML back to have them again."
    ]
    assert _reported(place, described=False) == []
    assert _reported(place) == []


def test_logs_that_rotate_are_not_missed(tmp_path: Path) -> None:
    place = Place(tmp_path).source(glob="*.csv", append=True)
    place.put("a.csv", csv_text(*cases(2)))
    place.land()
    (place.exports / "a.csv").unlink()
    assert _reported(place) == []
