"""Which files a glob matches, when they were delivered, and what one pass over their bytes finds."""

import errno
import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.landing import export_file, files, text_files
from orchestration.landing.export_file import ExportFile
from orchestration.sources import contract, source_files
from tests.stages.place import Place, cases, csv_text

MODIFIED = datetime(2025, 5, 5, 5, 5, 5, 250000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "name", "zone", "moment"),
    [
        ("", "a-2025-01-31.csv", "UTC", MODIFIED),
        (r"\d{4}-\d{2}-\d{2}", "a-2025-01-31.csv", "UTC", datetime(2025, 1, 31, 23, 59, 59)),
        (r"\d{4}-\d{2}-\d{2}", "a.csv", "UTC", MODIFIED),
        (r"export_(\d{8})_", "export_20250131_2.csv", "UTC", datetime(2025, 1, 31, 23, 59, 59)),
        (r"(\d{8}T\d{4})", "a-20250131T1805.csv", "UTC", datetime(2025, 1, 31, 18, 5)),
        (r"(\d{8}T\d{6})", "a-20250131T180507.csv", "UTC", datetime(2025, 1, 31, 18, 5, 7)),
        (r"\d{4}/\d{2}/\d{2}", "2025/01/31/a.csv", "America/New_York", datetime(2025, 2, 1, 4, 59, 59)),
        (r"(\d{8}T\d{4})", "a-20250731T1805.csv", "Europe/Berlin", datetime(2025, 7, 31, 16, 5)),
        (r"\d{4}-\d{2}", "a-2025-01.csv", "UTC", MODIFIED),
    ],
)
def test_moment_of_delivery(pattern: str, name: str, zone: str, moment: datetime) -> None:
    file = ExportFile(name, Path(name), "", 1, int(MODIFIED.timestamp() * 10**9))
    assert files.delivered_at(file, pattern, zone) == moment.replace(tzinfo=UTC)


def test_digits_that_are_no_date_quarantine_their_file(place: Place) -> None:
    place.source(delivered_at_pattern=r"\d{8}").put("a-20251399.csv", csv_text(*cases(1)))
    assert place.refused() == "`delivered_at_pattern` finds no real date in its name; correct the pattern"


def test_what_happened_after_the_delivery_goes_to_quarantine(place: Place) -> None:
    """In New York the last day of January lasts until five in the morning of the first, UTC."""
    place.source(delivered_at_pattern=r"\d{4}-\d{2}-\d{2}", time_zone="America/New_York")
    place.put("2025-01-31.csv", csv_text(
        ("C1", "2025-01-31 23:59:59", "last second"), ("C2", "2025-02-01 00:00:00", "next day"),
        ("C3", "2035-01-01", "one day"), ("C4", "2025-02-01T04:59:59Z", "last second"),
    ))  # fmt: skip
    assert place.land_one().n_read == 4
    assert place.rows("case_id") == ["C1", "C4"]
    assert place.bad_lines() == dict.fromkeys([3, 4], "dated later than its delivery")


def test_the_second_of_the_delivery_belongs_to_it(place: Place) -> None:
    path = place.source().put(
        "a.csv", csv_text(("C1", "2025-05-05 05:05:05.2", ""), ("C2", "2025-05-05 05:05:05.3", ""))
    )
    os.utime(path, ns=(0, int(MODIFIED.timestamp() * 10**9)))
    place.land_one()
    assert place.rows("case_id") == ["C1"]


def test_only_the_column_that_dates_a_row_must_lie_in_the_past(place: Place) -> None:
    place.source({"cases": {"case_id": "id", "opened_at": "opened", "closed_at": "status"}})
    place.put("a.csv", csv_text(("C1", "2025-01-01", "2098-12-31")))
    place.land_one()
    assert place.rows("closed_at") == [datetime(2098, 12, 31)]


@pytest.mark.parametrize(
    ("glob", "name", "is_matched"),
    [
        ("*.csv", "a.csv", True), ("*.csv", "b/a.csv", False), ("b/*.csv", "b/a.csv", True), ("*.csv", "a.CSV", False),
        ("**/*.csv", "a.csv", True), ("**/*.csv", "b/c/a.csv", True), ("b/**/*.csv", "c/a.csv", False),
        ("./b/*.csv", "b/a.csv", True), ("a[12].csv", "a1.csv", True), ("a[12].csv", "a3.csv", False),
        ("*.zip", "b.zip!../evil/a.csv", True), ("*.ZIP", "b.ZIP!a!b.csv", True), ("*.csv", "b.zip!a.csv", False),
        ("a?.csv", "ab.csv", True), ("**", "b/c/a.csv", True), ("*", "a!b.csv", True),
    ],
)  # fmt: skip
def test_globs_mean_what_the_search_finds(tmp_path: Path, glob: str, name: str, is_matched: bool) -> None:
    assert files.matches(glob, name) is is_matched
    if "zip" not in name.lower() and glob != "**":  # the search itself finds folders there
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        assert (path in set(tmp_path.glob(glob))) is is_matched


CHUNK = export_file.CHUNK_BYTES


@pytest.mark.parametrize(
    ("content", "n_lines", "n_delimiters", "is_long", "is_clean"),
    [
        (b"", 0, 0, False, True),
        (b"a,b", 1, 1, False, True),
        (b"a,b\n", 1, 1, False, True),
        (b"a,b\r\n,\n\n", 3, 2, False, True),
        (b"x" * CHUNK + b"\n" + b"y" * CHUNK, 2, 0, False, True),
        (b"x" * text_files.MAX_LINE_BYTES + b"\n", 1, 0, False, True),
        (b"x" * (text_files.MAX_LINE_BYTES + 1) + b"\n", 1, 0, True, True),
        (b"\n" + b"x" * (text_files.MAX_LINE_BYTES + 1), 2, 0, True, True),
        (("x" * (CHUNK - 1) + "ü\n").encode(), 1, 0, False, True),
        (b"x" * (CHUNK - 1) + b"\xc3", 1, 0, False, False),
        (b"a\xff\n", 1, 0, False, False),
        (b"a\0\n", 1, 0, False, False),
        (b"\xed\xa0\x80\n", 1, 0, False, False),
    ],
    ids=[str(i) for i in range(13)],
)
def test_one_pass_counts_lines_and_delimiters_and_finds_damage(
    tmp_path: Path, content: bytes, n_lines: int, n_delimiters: int, is_long: bool, is_clean: bool
) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    expected = text_files.FileProfile(
        hashlib.sha256(content).hexdigest(), n_lines, n_delimiters, is_long, is_clean
    )
    assert text_files.inspect(path, ",") == expected


def test_delimiters_of_two_bytes_are_counted_across_chunks(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * (CHUNK - 1) + "§§\n".encode() * 3)
    assert text_files.inspect(path, "§").n_delimiters == 6


def test_lines_longer_than_any_real_one_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    long = b"x" * (text_files.MAX_LINE_BYTES + 1)
    path.write_bytes(b"a\n" + long + b"\n" + long[:-1] + b"\nb\n" + long * 3)
    assert list(text_files.lines(path)) == [
        (1, b"a\n"), (2, text_files.OVERLONG), (3, long[:-1] + b"\n"), (4, b"b\n"), (5, text_files.OVERLONG),
    ]  # fmt: skip


def test_files_are_found_once_and_in_order(place: Place) -> None:
    for name in ("b.csv", "a.csv", "sub/c.csv", "d.txt"):
        place.put(name, "x")
    (place.exports / "folder.csv").mkdir()
    (place.exports / "dangling.csv").symlink_to(place.exports / "gone.csv")
    (place.exports / "inside.csv").symlink_to(place.exports / "a.csv")
    found = files.discover(place.exports, source_files.load(place.source(glob="**/*.csv").yaml), "cases")
    assert [(f.name, f.problem) for f in found] == [
        ("a.csv", ""), ("b.csv", ""), ("inside.csv", ""), ("sub/c.csv", ""),
    ]  # fmt: skip


def test_contract_that_cannot_be_read_says_where() -> None:
    body = {"domain": "d", "grain": "g", "key": ["a"], "absent": [], "columns": {"a": "id*", "b": "txt"}}
    with pytest.raises(ValueError, match=r"contract\.yml: things\.b: cannot read 'txt'"):
        contract.parse({"things": body})


def test_contract_gives_phones_a_status_and_drops_what_names_people() -> None:
    columns = {"a": "id* hash -- a note", "b": "phone", "c": "text drop", "d": "list", "e": "phones"}
    body = {"domain": "d", "grain": "g", "key": ["a"], "absent": [], "columns": columns}
    entity = contract.parse({"things": body, "more": body | {"extends": "things", "columns": {"z": "int*"}}})
    landed = {"a": "VARCHAR", "b": "VARCHAR", "b_status": "VARCHAR", "d": "VARCHAR[]", "e": "VARCHAR[]"}
    assert entity["things"].landed == landed | contract.SYSTEM_COLUMNS
    assert entity["more"].landed == {"z": "BIGINT"} | landed | contract.SYSTEM_COLUMNS
    assert (entity["things"].required, entity["more"].required) == (("a",), ("z",))


@pytest.mark.parametrize(
    ("glob", "folder", "is_led_into"),
    [
        ("*.csv", "calls", False),
        ("calls/*.csv", "calls", True),
        ("calls/*.csv", "calls/2025", False),
        ("calls/*/*.csv", "calls/2025", True),
        ("c*/*/*.csv", "calls/2025", True),
        ("d*/*/*.csv", "calls/2025", False),
        ("**/*.csv", "calls/2025/01", True),
        ("calls/**/*.csv", "chats/2025", False),
        ("calls/a.zip!**/*.csv", "calls", True),
    ],
)
def test_a_glob_leads_into_folders(glob: str, folder: str, is_led_into: bool) -> None:
    assert files.leads_into(glob, folder) == is_led_into


def test_a_folder_that_may_not_be_listed_is_not_an_empty_one(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, a source whose folder lost its permissions would look as if it delivered nothing."""
    place.source(glob="calls/*.csv").put("calls/a.csv", csv_text(*cases(2)))
    place.put("chats/b.csv", csv_text(*cases(2)))

    listing = os.scandir

    def scandir(path: Any) -> Any:
        if not isinstance(path, int) and Path(path).parent == place.exports:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listing(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        landed = place.land()
    assert landed.postponed == [("calls", "it cannot be opened: Permission denied")]


def test_exports_that_may_not_be_listed_stop_the_landing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        with pytest.raises(PermissionError):
            files.require_folder(place.exports)
