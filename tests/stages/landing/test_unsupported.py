"""Files beside exports: what holds no rows is ignored in the open, what is refused is measured."""

import io
import zipfile
from pathlib import Path

import pytest

from orchestration.landing import views
from orchestration.landing.read import unsupported
from orchestration.sources import source_files
from tests.stages.place import Place

CASES = "id,opened,status\n1,2024-01-01,open\n2,2024-01-02,new\n"
JUNK = {
    "README": b"see below\n",
    "README.txt": b"columns: id, opened\n",
    ".DS_Store": b"\0\0\0\1Bud1",
    "__MACOSX/._cases.csv": b"\0\5\26\7",
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "desktop.ini": b"[.ShellClassInfo]",
    "manual.pdf": b"%PDF-1.7\n",
    "logo.png": b"\x89PNG\r\n\x1a\n\0",
    "photo.jpg": b"\xff\xd8\xff\xe0\0",
    "call.wav": b"RIFF\0\0\0\0WAVE",
    "core.bin": bytes(range(256)) * 9,
    "cases.csv.md5": b"d41d8cd98f00b204e9800998ecf8427e  cases.csv\n",
    "_SUCCESS": b"",
}


def packed(members: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_members_without_rows_are_ignored_once_and_counted(place: Place) -> None:
    place.source().put("a.zip", packed({**JUNK, "cases.csv": CASES}))
    landed = place.land()
    assert [(d.file, d.n_landed) for d in landed.deliveries] == [("a.zip!cases.csv", 2)]
    # What a Mac packs beside its files was never listed.
    assert {d.file.removeprefix("a.zip!") for d in landed.ignored} == JUNK.keys() - {"__MACOSX/._cases.csv"}
    assert all(d.reason for d in landed.ignored)
    again = place.land()
    assert (again.deliveries, again.ignored) == ([], [])


def test_a_glob_that_names_the_archive_does_not_name_its_members(place: Place) -> None:
    """Without it, a read-me file would count as a lost export wherever the archive has a fixed name."""
    place.source(glob="a.zip").put("a.zip", packed({**JUNK, "cases.csv": CASES}))
    landed = place.land()
    assert [(d.file, d.status) for d in landed.deliveries] == [("a.zip!cases.csv", "landed")]
    assert len(landed.ignored) == len(JUNK) - 1


def test_a_member_that_the_glob_names_is_read_whatever_it_is_called(place: Place) -> None:
    place.source(glob="a.zip!README").put("a.zip", packed({"README": CASES, "NOTICE": b"x"}))
    assert [(d.file, d.n_landed) for d in place.land().deliveries] == [("a.zip!README", 2)]


def test_so_are_files_in_folders_and_none_of_them_is_a_delivery(place: Place, tmp_path: Path) -> None:
    for name, content in JUNK.items():
        place.put(f"in/{name}", content)
    place.source(glob="in/**/*").put("in/cases.csv", CASES)
    landed = place.land()
    assert len(landed.ignored) == len(JUNK)
    warehouse = tmp_path / "w.duckdb"
    views.expose(warehouse, place.home, [source_files.load(place.yaml)], None)
    current = place.manifest.current().values()
    assert [(d.file, d.status) for d in current] == [("in/cases.csv", "landed")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("b.csv", b"%PDF-1.7\n"),
        ("b.csv", b"\0" * 5000),
        ("b.csv", b""),
        ("b.txt", b"\x89PNG\r\n\x1a\n"),
        ("b.xlsx", b"PK\x03\x04[Content_Types].xml"),
        ("b.csv", b"name\nx\n"),
    ],
)
def test_what_is_called_like_an_export_is_refused_whatever_it_holds(
    place: Place, name: str, content: bytes
) -> None:
    place.source().put(name, content)
    delivery = place.land_one()
    assert (delivery.status, delivery.n_bytes) == ("quarantined", len(content))


def test_an_export_that_became_a_picture_is_lost_and_not_ignored(place: Place) -> None:
    place.source().put("cases.export", CASES)
    place.land()
    place.put("cases.export", JUNK["logo.png"])
    assert place.land_one().status == "quarantined"


def test_a_file_that_the_glob_names_is_read_whatever_it_is_called(place: Place) -> None:
    place.source(glob="README.txt").put("README.txt", CASES)
    assert place.land_one().n_landed == 2


def test_of_a_refused_text_the_lines_are_counted_without_its_header(place: Place) -> None:
    place.source().put("b.csv", "a,b\n1,2\n3,4\n5,6\n")
    delivery = place.land_one()
    assert (delivery.status, delivery.n_lines, delivery.n_bytes) == ("quarantined", 3, 16)


def test_a_glob_may_choose_members_of_an_archive(place: Place) -> None:
    members = {"cases.csv": CASES, "deep/more.csv": CASES.replace("1,", "3,"), "other.txt": "x"}
    place.source(glob="*.zip!**/*.csv").put("a.zip", packed(members))
    landed = place.land()
    assert [d.file for d in landed.deliveries] == ["a.zip!cases.csv", "a.zip!deep/more.csv"]
    assert landed.ignored == []
    live = views._still_configured(place.manifest.live().values(), [source_files.load(place.yaml)])
    assert len(live) == 2
    place.source(glob="a.zip!cases.csv")
    assert len(views._still_configured(place.manifest.live().values(), [source_files.load(place.yaml)])) == 1


@pytest.mark.parametrize(
    "name", ["cases.csv", "notes.txt", "log", "queue_log.1", "a.json", "x.parquet", "readme.csv"]
)
def test_exports_are_no_strangers(name: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\x89PNG")
    assert unsupported.kind_of(name, path, glob="*", encoding="utf-8") == ""


def test_an_archive_within_an_archive_is_refused_and_not_left_out(place: Place) -> None:
    """Without it, exports that were packed twice would vanish as junk."""
    place.source(glob="*").put(
        "a.zip", packed({"inner.zip": packed({"cases.csv": CASES}), "cases.csv": CASES})
    )
    landed = place.land()
    assert [(d.file, d.status) for d in landed.deliveries] == [
        ("a.zip!cases.csv", "landed"), ("a.zip!inner.zip", "quarantined"),
    ]  # fmt: skip
    assert landed.ignored == []
