"""Path is not identity: content that landed stays, once, whatever its files are called."""

import contextlib
import gzip
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from orchestration.landing import compaction
from orchestration.landing.manifest import Commit, Manifest
from tests.stages.place import CASES, Place

LOG = {
    "case_id": "split_part(line, ' ', 2)",
    "opened_at": "'2024-01-01'",
    "status": "split_part(line, ' ', 3)",
}


def rows(place: Place) -> list[str]:
    return sorted(place.rows("case_id"))


def log(place: Place) -> Place:
    return place.source({"cases": LOG}, format="lines", glob="**/log*")


def lines(*numbers: int) -> str:
    return "".join(f"x {n} open\n" for n in numbers)


def numbers(*ours: int) -> list[str]:
    return sorted(map(str, ours))


def test_a_log_that_rotates_between_runs_loses_nothing_and_doubles_nothing(place: Place) -> None:
    log(place).put("log", lines(1, 2))
    place.land()
    place.put("log.1", lines(1, 2, 3))  # went on, then made room
    place.put("log", lines(4))
    place.land()
    assert rows(place) == numbers(1, 2, 3, 4)
    place.put("log.2", lines(1, 2, 3))
    place.put("log.1", lines(4, 5))
    place.put("log", lines(6))
    place.land()
    assert rows(place) == numbers(1, 2, 3, 4, 5, 6)
    (place.exports / "log.2").unlink()
    place.put("log.2", lines(4, 5))
    place.put("log.1", lines(6))
    place.put("log", "")
    landed = place.land()
    assert rows(place) == numbers(1, 2, 3, 4, 5, 6)
    assert {d.file for d in landed.known} == {"log.1", "log.2"}


def test_a_packed_log_is_the_one_that_it_was(place: Place) -> None:
    log(place).put("log.1", lines(1, 2, 3))
    place.land()
    (place.exports / "log.1").unlink()
    place.put("old/log.2.gz", gzip.compress(lines(1, 2, 3).encode()))
    landed = place.land()
    assert (landed.deliveries, [d.reason for d in landed.known]) == ([], ["its content landed with log.1"])
    assert rows(place) == numbers(1, 2, 3)


def test_a_copy_that_is_cut_off_at_its_source_counts_once_at_every_moment(place: Place) -> None:
    log(place).put("log", lines(1, 2, 3))
    place.put("log.1", lines(1, 2))  # copied, and the log went on before it was cut
    place.land()
    assert rows(place) == numbers(1, 2, 3)
    place.put("log", lines(4))
    place.land()
    assert rows(place) == numbers(1, 2, 3, 4)
    shutil.move(place.exports / "log.1", place.exports / "log.2")
    place.land()
    assert rows(place) == numbers(1, 2, 3, 4)


def test_two_files_of_one_content_count_once_and_a_mapping_lands_them_anew_once(place: Place) -> None:
    log(place).put("log.a", lines(1, 2))
    place.put("log.b", lines(1, 2))
    place.land()
    assert rows(place) == numbers(1, 2)
    place.source({"cases": {**LOG, "product": "'p'"}}, format="lines", glob="**/log*")
    (place.exports / "log.a").unlink()
    place.land()
    assert rows(place) == numbers(1, 2)
    assert set(place.rows("product")) == {"p"}


def test_a_file_that_grew_takes_the_place_of_what_it_was_with_a_corrected_last_line(place: Place) -> None:
    log(place).put("log", "x 1 open\nx 2 op")
    place.land()
    place.put("log", "x 1 open\nx 2 open\nx 3 new\n")
    place.land()
    assert sorted(place.rows("case_id", "status")) == [("1", "open"), ("2", "open"), ("3", "new")]


def test_a_file_that_disappears_leaves_its_rows(place: Place) -> None:
    log(place).put("log.1", lines(1))
    place.land()
    (place.exports / "log.1").unlink()
    place.put("log", lines(2))
    place.land()
    assert rows(place) == numbers(1, 2)


def test_a_longer_file_that_cannot_land_does_not_take_others_with_it(place: Place) -> None:
    place.source(append=True).put("a.csv", "id,opened,status\n1,2024-01-01,a\n")
    text = "id,opened,status\n1,2024-01-01,a\n" + "x" * 3_000_000 + "\n"
    place.put("b.csv.gz", gzip.compress(text.encode())[:-4])
    place.land()
    assert rows(place) == ["1"]


def test_files_that_replace_still_do_unless_a_source_says_that_they_append(place: Place) -> None:
    place.source().put("a.csv", "id,opened,status\n1,2024-01-01,a\n")
    place.land()
    place.put("a.csv", "id,opened,status\n2,2024-01-01,a\n")
    place.land()
    assert rows(place) == ["2"]
    place.source(append=True).put("a.csv", "id,opened,status\n3,2024-01-01,a\n")
    place.land()
    place.put("a.csv", "id,opened,status\n4,2024-01-01,a\n")
    place.land()
    assert rows(place) == ["2", "3", "4"]


def test_a_moved_export_is_the_same_export_until_another_takes_its_first_place(place: Place) -> None:
    place.source(glob="**/*.csv").put("a.csv", "id,opened,status\n1,2024-01-01,a\n")
    place.land()
    (place.exports / "old").mkdir()
    shutil.move(place.exports / "a.csv", place.exports / "old" / "b.csv")
    landed = place.land()
    assert ([d.file for d in landed.known], landed.deliveries) == (["old/b.csv"], [])
    assert place.land().unchanged == 1
    place.put("a.csv", "id,opened,status\n2,2024-01-01,a\n")
    place.land()
    assert rows(place) == ["1", "2"]


def test_a_moved_export_lands_anew_with_its_mapping_and_takes_its_old_rows_with_it(place: Place) -> None:
    place.source(glob="**/*.csv").put("a.csv", "id,opened,status\n1,2024-01-01,a\n")
    place.land()
    shutil.move(place.exports / "a.csv", place.exports / "b.csv")
    place.source({"cases": {**CASES, "product": "'p'"}}, glob="**/*.csv")
    place.land()
    assert place.rows("case_id", "product") == [("1", "p")]


def test_two_days_of_one_content_are_two_deliveries(place: Place) -> None:
    place.source(delivered_at_pattern=r"(\d{8})").put("a-20240101.csv", "id,opened,status\n1,2023-01-01,a\n")
    place.land()
    shutil.move(place.exports / "a-20240101.csv", place.exports / "a-20240102.csv")
    assert [d.file for d in place.land().deliveries] == ["a-20240102.csv"]


class History:
    """A program that writes a log, and the tools that rotate it; `written` is every line there ever was."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place, self.random = place, random.Random(seed)
        self.folder, self.written, self.n = place.exports, Counter[str](), 0

    def append(self) -> None:
        new = [self.n + i for i in range(self.random.randint(1, 4))]
        self.n += len(new)
        self.written.update(map(str, new))
        with (self.folder / "log").open("a", encoding="utf-8") as file:
            file.write(lines(*new))

    def _shift(self) -> None:
        for i in range(5, 0, -1):
            for ending in ("", ".gz"):
                path = self.folder / f"log.{i}{ending}"
                if path.exists():
                    path.rename(self.folder / f"log.{i + 1}{ending}")

    def rotate(self) -> None:
        self._shift()
        if (self.folder / "log").exists():
            (self.folder / "log").rename(self.folder / "log.1")

    def copy_and_truncate(self) -> None:
        self._shift()
        if (self.folder / "log").exists():
            shutil.copy(self.folder / "log", self.folder / "log.1")
            if self.random.random() < 0.3:
                self.land()
            (self.folder / "log").write_text("", encoding="utf-8")

    def _old(self) -> list[Path]:
        return [path for path in self.folder.rglob("log.*") if path.is_file()]

    def pack(self) -> None:
        plain = [path for path in self._old() if path.suffix != ".gz"]
        if plain:
            path = self.random.choice(plain)
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()

    def move(self) -> None:
        if old := self._old():
            self.n += 1
            target = (
                self.folder / "archive" / f"log.x{self.n}{''.join(self.random.choice(old).suffixes[-1:])}"
            )
            path = next(p for p in old if p.suffix == target.suffix)
            target.parent.mkdir(exist_ok=True)
            path.rename(target)

    def copy(self) -> None:
        if old := self._old():
            self.n += 1
            path = self.random.choice(old)
            shutil.copy(path, path.with_name(f"log.c{self.n}{path.suffix if path.suffix == '.gz' else ''}"))

    def remove_what_landed(self) -> None:
        self.land()
        if old := self._old():
            self.random.choice(old).unlink()

    def map_anew(self) -> None:
        self.n += 1
        self.place.source({"cases": {**LOG, "product": f"'{self.n}'"}}, format="lines", glob="**/log*")

    def land(self) -> None:
        self.place.land()
        assert Counter(self.place.rows("case_id")) == self.written

    def die(self) -> None:
        """A run that is killed before one of its commits leaves what a later run makes whole."""
        left, append = self.random.randint(0, 2), Manifest.append

        def killed(manifest: Manifest, commit: Commit) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            append(manifest, commit)

        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(KeyboardInterrupt):
            patch.setattr(Manifest, "append", killed)
            self.place.land()

    def step(self) -> None:
        steps = [
            *[self.append] * 6, *[self.rotate] * 3, *[self.copy_and_truncate] * 2, *[self.pack] * 2, self.move,
            self.copy, self.remove_what_landed, self.map_anew, *[self.land] * 4, self.die,
        ]  # fmt: skip
        self.random.choice(steps)()


@pytest.mark.parametrize("seed", range(8))
def test_after_any_history_of_a_log_every_line_counts_once(
    place: Place, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compaction, "MAX_SMALL_PARTS", 4)
    log(place)
    history = History(place, seed)
    for _ in range(30):
        history.step()
    history.land()
