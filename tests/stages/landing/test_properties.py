"""What must hold for every file, tried on made ones: exact round trips, no crash, nothing unaccounted for."""

import csv
import gzip
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.landing.people import rules
from tests.stages.place import CASES, Place, cases, csv_text, same_rows

# A file and its landing cost some 40 ms, so few examples each; the seed of a failure is printed.
few = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@contextmanager
def somewhere() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        yield Place(Path(folder) / "place")


cell = st.text(
    st.one_of(
        st.sampled_from("\"',;|\t\n\r \\a1é"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
).filter(lambda text: not rules.is_personal_word(text))  # such lands masked
tables = st.lists(st.tuples(cell, cell), min_size=1, max_size=12)
dialects = st.sampled_from(
    [(",", '"', "\n"), (";", '"', "\r\n"), ("|", "'", "\n"), ("\t", '"', "\r\n"), ("§", '"', "\n")]
)


def expected(text: str) -> str | None:
    return text.strip(" ") or None


@few
@given(tables, dialects, st.booleans(), st.booleans())
def test_what_a_csv_writer_wrote_is_read_exactly(
    rows: list[tuple[str, str]], dialect: tuple[str, str, str], quotes_all: bool, has_damage: bool
) -> None:
    """With damage in the file the other reader takes over, and must not read sound rows otherwise."""
    delimiter, quote, end = dialect
    target = io.StringIO()
    # Of carriage returns this writer takes care only where they end its lines.
    has_returns = any("\r" in text for row in rows for text in row)
    quoting = csv.QUOTE_ALL if quotes_all or (has_returns and end == "\n") else csv.QUOTE_MINIMAL
    writer = csv.writer(target, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=end)
    writer.writerow(["id", "a", "b"])
    writer.writerows([(f"C{i}", *row) for i, row in enumerate(rows)])
    text = target.getvalue()
    if has_damage:
        text += f"torn{end}"
    feeds = {"cases": {"case_id": "id", "opened_at": "'2025-01-01'", "status": "a", "reason": "b"}}
    with somewhere() as place:
        place.source(feeds, delimiter=delimiter, quote=quote).put("a.csv", text)
        delivery = place.land_one()
        assert (delivery.n_read, delivery.n_damaged) == (len(rows) + has_damage, has_damage)
        found = {row[0]: row[1:] for row in place.rows("case_id", "status", "reason")}
        assert found == {f"C{i}": (expected(a), expected(b)) for i, (a, b) in enumerate(rows)}
        if has_damage:
            n_lines = len(target.getvalue().split("\n"))
            assert place.bad_lines() == {n_lines: "1 columns where the header has 3"}


@few
@given(tables, st.booleans())
def test_what_a_json_writer_wrote_is_read_exactly(rows: list[tuple[str, str]], has_damage: bool) -> None:
    lines = [
        json.dumps({"id": f"C{i}", "a": a, "b": b}, ensure_ascii=bool(i % 2)) for i, (a, b) in enumerate(rows)
    ]
    feeds = {"cases": {"case_id": "id", "opened_at": "'2025-01-01'", "status": "a", "reason": "b"}}
    with somewhere() as place:
        place.source(feeds, format="jsonl").put("a.jsonl", "\n".join(lines + ["{torn"] * has_damage))
        assert place.land_one().n_read == len(rows) + has_damage
        found = {row[0]: row[1:] for row in place.rows("case_id", "status", "reason")}
        assert found == {f"C{i}": (expected(a), expected(b)) for i, (a, b) in enumerate(rows)}


line = st.text(st.sampled_from("ab,; 1-\té\u2028\x85\x0b"), max_size=20)


@few
@given(st.lists(line, max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_every_line_lands_or_is_named(lines: list[str], end: str) -> None:
    """Without quotes a record is a line, so they can be counted without any reader of ours."""
    with somewhere() as place:
        place.source().put("a.csv", end.join(["id,opened,status", *lines]))
        delivery = place.land_one()
        assert delivery.n_read == sum(bool(text) for text in lines)
        bad = place.bad_lines()
        sound = [text for number, text in enumerate(lines, 2) if text and number not in bad]
        assert all(text.count(",") == 2 for text in sound)
        assert [t.split(",")[0].strip(" ") for t in sound] == place.rows("case_id")


def _parquet() -> bytes:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "a.parquet"
        connection.execute(
            "COPY (SELECT 'C' || i AS id, TIMESTAMP '2025-01-01' + INTERVAL (i) HOUR AS opened, 'x' AS status "
            f"FROM range(500) AS r(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
        )
        return path.read_bytes()


def _zip(content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", content)
        archive.writestr("b.csv", content)
    return target.getvalue()


_ROWS = [(i, d, 'say "yes",\nor "no"' if n % 3 else "ö") for n, (i, d, _) in enumerate(cases(40))]
_CSV = "id,opened,status\n" + "".join('{},{},"{}"\n'.format(i, d, s.replace('"', '""')) for i, d, s in _ROWS)
_LINES = [
    json.dumps(dict(zip(("id", "opened", "status"), row, strict=True)), ensure_ascii=False) for row in _ROWS
]
SOUND: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "csv": ("a.csv", _CSV.encode(), {}),
    "csv.gz": ("a.csv.gz", gzip.compress(_CSV.encode()), {}),
    "csv in zip": ("a.zip", _zip(_CSV.encode()), {}),
    "utf-16": ("a.csv", _CSV.encode("utf-16"), {}),
    "shift_jis": ("a.csv", _CSV.replace("ö", "表").encode("shift_jis"), {"encoding": "shift_jis"}),
    "jsonl": ("a.jsonl", ("\n".join(_LINES) + "\n").encode(), {"format": "jsonl"}),
    "json": ("a.json", f"[{','.join(_LINES)}]".encode(), {"format": "json"}),
    "parquet": ("a.parquet", _parquet(), {"format": "parquet"}),
}
flips = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=8)


@pytest.mark.parametrize("kind", SOUND)
@settings(few, max_examples=12)
@given(flips, st.one_of(st.none(), st.floats(0, 1)))
def test_no_damage_crashes_or_lands_half_a_row(
    kind: str, flipped: list[tuple[int, int]], cut: float | None
) -> None:
    name, sound, options = SOUND[kind]
    content = bytearray(sound if cut is None else sound[: int(len(sound) * cut)])
    for at, bits in flipped if content else ():
        content[at % len(content)] ^= bits
    with somewhere() as place:
        place.source(**options).put(name, bytes(content))
        landed = place.land()
        assert not landed.postponed
        assert 1 <= len(landed.deliveries) <= 2
        for delivery in landed.deliveries:
            assert delivery.is_landed or delivery.reason
        assert all(None not in row for row in place.rows("case_id", "opened_at"))
        assert not place.land().deliveries


MIXED = [
    *cases(20), ("C90", "never", "bad date"), ("", "2025-01-01", "no id"), ("C91", "2025-01-02", 'q "u" o\nt,e'),
    ("C0", "2025-01-01 10:00:00", "open"), ("C92", "2025-01-02", ""),
]  # fmt: skip
OWN = ("case_id", "opened_at", "status", "source_instance", "centre")


def _written(rows: list[tuple[str, ...]], kind: str) -> str:
    if kind == "jsonl":
        return "".join(
            json.dumps(dict(zip(("id", "opened", "status"), row, strict=True))) + "\n" for row in rows
        )
    target = io.StringIO()
    csv.writer(target).writerows([("id", "opened", "status"), *rows])
    return target.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("has_damage", [False, True])
def test_order_names_and_cuts_of_files_do_not_matter(tmp_path: Path, kind: str, has_damage: bool) -> None:
    shuffled = random.Random(5).sample(MIXED, len(MIXED))
    damage = '"torn\n' if has_damage else ""
    variants = {
        "whole": {f"a.{kind}": _written(MIXED, kind) + damage},
        "shuffled": {f"a.{kind}": _written(shuffled, kind) + damage},
        "renamed": {f"z/renamed [1].{kind}": _written(MIXED, kind) + damage},
        "cut": {f"{i}.{kind}": _written(shuffled[i : i + 4], kind) for i in range(0, len(MIXED), 4)},
    }
    found = {}
    for variant, contents in variants.items():
        place = Place(tmp_path / variant)
        place.source({"cases": CASES}, glob="**/*.*", format=kind)
        for name, text in contents.items():
            place.put(name, text)
        place.land()
        found[variant] = place.rows(*OWN)
    assert len(found["whole"]) == len(MIXED) - 2
    for variant, rows in found.items():
        assert same_rows(rows, found["whole"]), variant


def test_landing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    parts = []
    for name in ("one", "two"):
        place = Place(tmp_path / name)
        path = place.source().put("a.csv", csv_text(*cases(1000)))
        import os

        os.utime(path, ns=(0, 1_750_000_000_000_000_000))
        part = place.part(place.land_one())
        parts.append((part.name, part.read_bytes()))
    assert parts[0] == parts[1]
