"""What is committed stays, what is not does not count, and nothing is landed twice."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.base import code, progress
from orchestration.errors import ConfigurationError, RunError
from orchestration.landing import batches, pipeline
from orchestration.landing.manifest import Manifest
from orchestration.landing.pipeline import LandingProgress
from orchestration.sources import source_files
from tests.stages.place import SALT, Place, cases, csv_text


def touch(path: Path, seconds: int) -> None:
    """Moves the modification time, as a second delivery would."""
    moment = path.stat().st_mtime_ns + seconds * 10**9
    os.utime(path, ns=(moment, moment))


def test_a_run_with_nothing_new_appends_nothing(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.put("b.csv", "not,ours\n1,2\n")
    assert len(place.land().deliveries) == 2
    before = place.manifest.path.read_bytes(), sorted(place.home.root.rglob("*.parquet"))
    again = place.land()
    assert (again.deliveries, again.unchanged) == ([], 2)
    assert (place.manifest.path.read_bytes(), sorted(place.home.root.rglob("*.parquet"))) == before


def test_a_delivery_with_other_content_replaces_the_earlier_rows(place: Place) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    first = place.land_one()
    path.write_text(csv_text(*cases(2, start=10)))
    touch(path, 5)
    second = place.land_one()
    assert second.supersedes == first.delivery_id != second.delivery_id
    assert place.exposed("SELECT case_id FROM raw_mapped.cases ORDER BY 1") == [("C10",), ("C11",)]


@pytest.mark.parametrize("appends", [False, True])
def test_other_code_lands_everything_anew_and_says_once_what_it_cannot(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, appends: bool
) -> None:
    """Without it, rows that the old code misread stay as they are until somebody thinks of a version number."""
    place.source(append=appends).put("a.csv", csv_text(*cases(3)))
    gone = [place.put(name, csv_text(*cases(3, start=n))) for n, name in ((10, "b.csv"), (20, "c.csv"))]
    place.land()
    for path in gone:
        path.unlink()

    def landed_by(version: str) -> tuple[list[str], list[str]]:
        """Files that landed, and what was said of those that could not."""
        monkeypatch.setattr(code, "digest", lambda *_modules: version)
        caplog.clear()
        caplog.set_level("INFO", progress.LOGGER.name)
        files = [delivery.file for delivery in place.land().deliveries]
        return files, [line for line in caplog.messages if "stay as they were" in line]

    message = (
        "b.csv and 1 more of crm landed under another mapping or version of Faultline, and are no longer among "
        "the exports: the rows stay as they were. Deliver them again to land them anew."
    )
    assert landed_by("new") == (["a.csv"], [message])
    assert landed_by("new") == ([], [])
    assert landed_by("newest") == (["a.csv"], [])
    assert len(place.rows("case_id")) == 9
    place.put("b.csv", csv_text(*cases(3, start=10)))
    assert landed_by("newest") == (
        ["b.csv"],
        [message.replace("b.csv and 1 more", "c.csv").replace("are no", "is no").replace("them", "it")],
    )
    assert len(place.rows("case_id")) == 9


@pytest.mark.parametrize("appends", [False, True])
@pytest.mark.parametrize(
    "spoil",
    [Path.unlink, lambda part: part.write_bytes(part.read_bytes()[:-9]), lambda part: part.write_bytes(b"")],
    ids=["gone", "cut", "empty"],
)
@pytest.mark.parametrize("folder", ["raw", "quarantine"])
def test_files_whose_rows_are_damaged_land_again(
    place: Place,
    appends: bool,
    spoil: Callable[[Path], object],
    folder: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without it, one file that a disk lost fails every later run of the home."""
    place.source(append=appends)
    for n in (0, 10):
        place.put(f"{n}.csv", csv_text(*cases(3, start=n)) + "X,never,open\n")
    place.land()
    queries = (
        "SELECT case_id, status FROM raw_mapped.cases ORDER BY ALL",
        "SELECT source_file, line, reason FROM raw_faultline.quarantine ORDER BY ALL",
    )
    before = [place.exposed(query) for query in queries]
    assert [len(rows) for rows in before] == [6, 2]
    (written,) = (place.home.root / folder).rglob("*.parquet")
    spoil(written)
    assert [d.file for d in place.land().deliveries] == ["0.csv", "10.csv"]
    assert f"{written} is missing or damaged. The files that its rows are from land again." in caplog.text
    assert [place.exposed(query) for query in queries] == before
    assert place.land().deliveries == []


@pytest.mark.parametrize("appends", [False, True])
def test_damaged_rows_whose_export_is_gone_stop_the_run_until_it_comes_again(
    place: Place, appends: bool
) -> None:
    path = place.source(append=appends).put("a.csv", csv_text(*cases(3)))
    part = place.part(place.land_one())
    content = path.read_bytes()
    path.unlink()
    part.write_bytes(b"")
    place.put("b.csv", csv_text(*cases(3, start=10)))
    for _ in range(2):
        with pytest.raises(
            RunError, match=rf"{part} is missing or damaged, and a\.csv, .* Deliver that file"
        ):
            place.land()
    path.write_bytes(content)
    assert [d.file for d in place.land().deliveries] == ["a.csv"]
    assert place.exposed("SELECT count(*) FROM raw_mapped.cases") == [(6,)]


@pytest.mark.parametrize("reason", ["damaged", "other code"])
@pytest.mark.parametrize("appends", [False, True])
def test_a_moved_file_that_lands_again_counts_once(
    place: Place, monkeypatch: pytest.MonkeyPatch, appends: bool, reason: str
) -> None:
    """Without it, its rows count under the old name and under the new one."""
    path = place.source(append=appends).put("a.csv", csv_text(*cases(3)))
    part = place.part(place.land_one())
    moment = path.stat().st_mtime_ns
    moved = path.rename(path.with_name("moved.csv"))
    os.utime(moved, ns=(moment, moment))
    assert [d.file for d in place.land().known] == ["moved.csv"]
    if reason == "damaged":
        part.write_bytes(b"")
    else:
        monkeypatch.setattr(code, "digest", lambda *_modules: "other")
    assert [d.file for d in place.land().deliveries] == ["moved.csv"]
    assert place.exposed("SELECT case_id FROM raw_mapped.cases ORDER BY ALL") == [
        (one[0],) for one in sorted(cases(3))
    ]
    assert place.land().deliveries == []


@pytest.mark.parametrize("same", ["size", "time"])
def test_another_size_or_another_time_is_another_delivery(place: Place, same: str) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    stat = path.stat()
    first = place.land_one()
    path.write_text(csv_text(*cases(3, start=5)) if same == "size" else csv_text(*cases(30)))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + (same == "size")))
    second = place.land_one()
    assert place.part(first) != place.part(second)
    assert len(place.rows("case_id")) == (3 if same == "size" else 30)


def test_a_broken_delivery_keeps_the_last_good_one(place: Place) -> None:
    path = place.source().put("a.csv.gz", gzip.compress(csv_text(*cases(100)).encode()))
    place.land_one()
    good = path.read_bytes()
    path.write_bytes(good[:-20])
    touch(path, 5)
    assert place.land_one().status == "quarantined"
    assert len(place.exposed("FROM raw_mapped.cases")) == 100
    assert place.exposed("SELECT status, n_landed FROM raw_faultline.deliveries") == [("quarantined", 0)]
    assert len(place.exposed("FROM raw_faultline.quarantine")) == 1
    assert not place.land().deliveries
    path.write_bytes(good)
    touch(path, 9)
    assert place.land_one().is_landed
    assert len(place.exposed("FROM raw_mapped.cases")) == 100
    assert place.exposed("FROM raw_faultline.quarantine") == []


def test_a_changed_mapping_lands_anew(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    place.source({"cases": {"case_id": "'X' || id", "opened_at": "opened"}})
    place.land_one()
    assert place.rows("case_id") == ["XC0", "XC1", "XC2"]
    place.source({"notes": {"note_id": "id", "case_id": "id", "created_at": "opened"}})
    place.land_one()
    assert place.exposed(
        "SELECT (SELECT count(*) FROM raw_mapped.cases), (SELECT count(*) FROM raw_mapped.notes)"
    ) == [(0, 3)]


def test_a_mapping_that_is_wrong_keeps_the_last_good_rows(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    place.source({"cases": {"case_id": "idd", "opened_at": "opened"}})
    assert place.land_one().status == "quarantined"
    assert len(place.exposed("FROM raw_mapped.cases")) == 3


def test_a_renamed_file_set_does_not_double_its_rows(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    place.yaml.write_text(place.yaml.read_text().replace("files:\n  cases:", "files:\n  renamed:"))
    place.land_one()
    assert len(place.exposed("FROM raw_mapped.cases")) == 3
    assert len(place.exposed("FROM raw_faultline.deliveries")) == 1


def test_files_that_the_glob_no_longer_means_do_not_count(place: Place) -> None:
    place.source(glob="*.csv").put("cases.csv", csv_text(*cases(3)))
    place.put("other.csv", csv_text(*cases(3)))
    place.land()
    place.source(glob="cases*.csv").land()
    assert len(place.exposed("FROM raw_mapped.cases")) == 3


def test_files_that_are_gone_still_count(place: Place) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    path.unlink()
    place.put("b.csv", csv_text(*cases(3, start=3)))
    place.land_one()
    assert len(place.exposed("FROM raw_mapped.cases")) == 6


def test_a_torn_last_line_is_cut(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    whole = place.manifest.path.read_bytes()
    for torn in (b'{"delivery_id": "1', b"\0\0\0\0", whole.splitlines()[-1]):
        place.manifest.path.write_bytes(whole + torn)
        assert len(place.manifest.deliveries) == 1
        assert place.manifest.path.read_bytes() == whole
    assert not place.land().deliveries


def test_a_delivery_whose_line_was_torn_is_landed_again(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    place.manifest.path.write_bytes(place.manifest.path.read_bytes()[:-1])
    place.land_one()
    assert len(place.exposed("FROM raw_mapped.cases")) == 3


@pytest.mark.parametrize("line", [b"{}", b"not json", b'{"delivery_id": 1}', b"[]", b""])
def test_a_damaged_manifest_stops_the_run_and_says_where(place: Place, line: bytes) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.land_one()
    path = place.manifest.path
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(RunError, match=r"manifest\.jsonl:1 cannot be read\. Restore"):
        place.land()
    assert len(list(place.home.raw.rglob("*.parquet"))) == 1


def test_a_line_holds_all_that_a_reader_needs(place: Place) -> None:
    place.source().put("ünter/a b.csv", csv_text(*cases(2), header="id,opened,extra"))
    place.source(glob="**/*.csv").land_one()
    head, text = place.manifest.path.read_text(encoding="utf-8").splitlines()
    assert json.loads(head)["salt"], "nothing says which salt the raw zone was landed with"
    commit = json.loads(text)
    (line,) = commit["deliveries"]
    assert line["file"] == "ünter/a b.csv"
    assert (line["columns_missing"], line["columns_extra"]) == (["status"], ["extra"])
    assert commit["parts"][0]["path"].startswith("mapped/cases/crm-")


def test_orphans_are_removed(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2), ("C3", "never", "x")))
    delivery = place.land_one()
    kept = {place.part(delivery), place.home.quarantine / place.manifest.commits[-1].quarantine}
    for folder in (place.home.raw / "mapped" / "cases", place.home.quarantine / "crm"):
        (folder / "crm-dead.parquet").write_bytes(b"x")
        (folder / "crm-half.parquet.writing").write_bytes(b"x")
    place.land()
    assert {path for path in place.home.root.rglob("*.parquet*") if path.is_file()} == kept


def test_a_crash_before_the_commit_leaves_nothing_that_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.source().put("a.csv", csv_text(*cases(3)))
    place.put("b.csv", csv_text(*cases(3, start=3)))

    def crash(self: Manifest, delivery: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "append", crash)
        with pytest.raises(KeyboardInterrupt):
            place.land()
    assert place.exposed("FROM raw_mapped.cases") == []
    assert len(place.land().deliveries) == 2
    assert len(place.exposed("FROM raw_mapped.cases")) == 6


def test_a_file_that_changes_while_it_is_read_waits_for_the_next_run(place: Place) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    place.put("b.csv", csv_text(*cases(2, start=3)))

    def grow(advance: LandingProgress) -> None:
        if "a.csv" in {file.name for file in advance.group} and path.read_text().count("late") < 1:
            with path.open("a") as more:
                more.write("C9,2025-01-01,late\n")

    landed = place.land(progress=grow)
    assert landed.postponed == [("a.csv", "it changed while it was read")]
    assert [d.file for d in landed.deliveries] == ["b.csv"]
    assert [d.file for d in place.manifest.deliveries] == ["b.csv"]
    assert not list(place.home.raw.rglob("*.writing"))
    assert place.land_one().n_read == 4
    assert len(place.exposed("FROM raw_mapped.cases")) == 6


@pytest.mark.parametrize("n_others", [0, 2])
@pytest.mark.parametrize("step", ["_open", "_open_relation", "_landed", "_settle"])
def test_a_file_that_disappears_waits_for_the_next_run(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str, n_others: int
) -> None:
    path = place.source().put("a.csv", csv_text(*cases(3)))
    others = {place.put(f"b{i}.csv", csv_text(*cases(3))).name for i in range(n_others)}
    following = getattr(batches.Batch, step)

    def vanishing(self: batches.Batch, *arguments: object) -> object:
        path.unlink(missing_ok=True)
        return following(self, *arguments)

    monkeypatch.setattr(batches.Batch, step, vanishing)
    ((name, reason),) = place.land().postponed
    assert name == "a.csv"
    # Among others it is gone by the time that it is looked at alone.
    is_alone = not others and step != "_open"
    assert reason == (
        "it disappeared while it was read" if is_alone else "it cannot be opened (No such file or directory)"
    )
    assert {delivery.file for delivery in place.manifest.deliveries} == others


def test_too_little_memory_is_no_fault_of_the_file(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(20_000)))
    landed = place.land(memory_limit="1MB")
    assert landed.postponed == [("a.csv", "it needs more memory; raise FAULTLINE_MEMORY_LIMIT")]
    assert place.land_one().is_landed


def test_too_little_memory_is_no_damage_of_a_document(place: Place) -> None:
    """Without it, a sound file would stay in quarantine for good, because the next run finds it unchanged."""
    place.source(format="json").put(
        "a.json", json.dumps([{"id": "C1", "opened": "2025-01-01", "status": "x"}])
    )
    landed = place.land(memory_limit="15MB")
    assert landed.postponed == [("a.json", "it needs more memory; raise FAULTLINE_MEMORY_LIMIT")]
    assert place.land_one().n_landed == 1


def test_exports_that_are_no_folder(place: Place) -> None:
    place.source()
    with pytest.raises(ConfigurationError, match=r"gone is no folder\. Point --exports"):
        pipeline.land([source_files.load(place.yaml)], place.root / "gone", place.home, salt=SALT)
