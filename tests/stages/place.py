"""A folder with exports, one source file and a home, and what can be asked of it after landing."""

import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.base import sql
from orchestration.landing import pipeline, views
from orchestration.landing.manifest import DeliveryRecord, Manifest
from orchestration.landing.pipeline import LandingSummary
from orchestration.settings import Home
from orchestration.sources import source_files
from orchestration.sources.connectors import bundle

SALT = b"salt of the tests"
CASES = {"case_id": "id", "opened_at": "opened", "status": "status"}


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


class Place:
    """One source named `crm` with one file set `cases`, unless a test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exports = root / "exports"
        self.exports.mkdir(parents=True)
        self.home = Home(root / "home").create()
        self.yaml = root / "crm.yml"
        self.schema = "raw_mapped"

    def put(self, name: str, content: bytes | str) -> Path:
        """Delivers a file."""
        path = self.exports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def source(
        self,
        feeds: dict[str, dict[str, Any]] | None = None,
        *,
        glob: str = "*",
        time_zone: str = "UTC",
        top: dict[str, Any] | None = None,
        **options: Any,
    ) -> "Place":
        """Describes the exports; by default rows of id, opened and status that are cases."""
        file_set = {"glob": glob, **options, "feeds": feeds or {"cases": CASES}}
        document = {"source": "crm", "time_zone": time_zone, **(top or {}), "files": {"cases": file_set}}
        self.yaml.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return self

    def vendor(self, connector: str, *file_sets: str, **settings: dict[str, Any]) -> "Place":
        """Describes a vendor's exports: of each file set the files that bear its name.

        `settings` are further ones of a file set, by its name.
        """
        self.schema = f"raw_{connector}"
        files = {name: {"glob": f"**/{name}.*", **settings.get(name, {})} for name in file_sets}
        document = {"source": "crm", "connector": connector, "time_zone": "Europe/Berlin", "files": files}
        self.yaml.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        return self

    def land(self, *, salt: bytes = SALT, **options: Any) -> LandingSummary:
        """Lands what is new, and checks that every row of it is accounted for."""
        landed = pipeline.land([source_files.load(self.yaml)], self.exports, self.home, salt=salt, **options)[
            0
        ]
        for delivery in landed.deliveries:
            self._check_accounts(delivery)
        assert not list(self.home.root.rglob("*.writing")), "something was left half written"
        assert not self.home.scratch.exists(), "scratch was not emptied"
        return landed

    def land_one(self) -> DeliveryRecord:
        """Lands one new file."""
        landed = self.land()
        assert len(landed.deliveries) == 1
        return landed.deliveries[0]

    def refused(self) -> str:
        """Lands one new file that must be quarantined whole; the reason."""
        delivery = self.land_one()
        assert (delivery.status, delivery.counts, delivery.n_read) == ("quarantined", (), 0)
        assert self.faults() == [(None, "", delivery.reason, "")]
        return delivery.reason

    def _check_accounts(self, delivery: DeliveryRecord) -> None:
        faults = self.faults_of(delivery)
        for count in delivery.counts:
            n_rows = sum(row["_delivery_id"] == delivery.delivery_id for row in self._rows_of(count.table))
            assert count.n_landed == n_rows
            table = count.table.rpartition(".")[2]
            lines = {f["line"] for f in faults if f["entity"] == table and f["column_name"]}
            assert count.n_quarantined == len(lines), "a bad row has no fault, or a sound one has"
            if items_of_lists(count.table):
                continue
            n_accounted = delivery.n_damaged + count.n_landed + count.n_filtered + count.n_quarantined
            assert delivery.n_read == n_accounted, "rows in are not rows out"
            assert min(count.n_landed, count.n_filtered, count.n_quarantined) >= 0
        if delivery.is_landed:
            assert delivery.n_damaged == sum(not fault["column_name"] for fault in faults)

    def _rows_of(self, table: str) -> list[dict[str, Any]]:
        live = self.manifest.live().keys()
        parts = [p for p in self.manifest.parts() if p.table == table and live & set(p.deliveries)]
        return self._read(self.home.raw, [part.path for part in parts])

    def faults_of(self, delivery: DeliveryRecord) -> list[dict[str, Any]]:
        """Rows of the quarantine of one delivery."""
        names = [commit.quarantine for commit in self.manifest.quarantines_of([delivery])]
        return [
            row
            for row in self._read(self.home.quarantine, names)
            if row["_delivery_id"] == delivery.delivery_id
        ]

    def part(self, delivery: DeliveryRecord) -> Path:
        """The one part that a delivery's rows are in."""
        (part,) = [part for part in self.manifest.parts() if delivery.delivery_id in part.deliveries]
        return self.home.raw / part.path

    def _read(self, folder: Path, names: Iterable[str]) -> list[dict[str, Any]]:
        paths = [folder / name for name in names]
        if not paths:
            return []
        relation = f"read_parquet({sql.paths(paths)}, union_by_name=true, hive_partitioning=false)"
        result = _reader().execute(f"FROM {relation}")
        columns = [column[0] for column in result.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in result.fetchall()]

    @property
    def manifest(self) -> Manifest:
        """The manifest as it stands on disk."""
        return Manifest(self.home.state)

    def rows(self, *columns: str, entity: str = "cases") -> list[Any]:
        """Values of the live rows in the order of the files; bare values for one column."""
        picked = [tuple(row[c] for c in columns) for row in self._live_rows(entity)]
        return [row[0] for row in picked] if len(columns) == 1 else picked

    def columns(self, entity: str = "cases") -> set[str]:
        """Columns of the live parts."""
        return {column for row in self._live_rows(entity) for column in row}

    def _live_rows(self, entity: str) -> list[dict[str, Any]]:
        live = {d.delivery_id: i for i, d in enumerate(self.manifest.live().values())}
        rows = [row for row in self._rows_of(f"{self.schema}.{entity}") if row["_delivery_id"] in live]
        return sorted(rows, key=lambda row: live[row["_delivery_id"]])

    def faults(self) -> list[tuple[int | None, str, str, str]]:
        """(line, column, reason, masked value) of the newest deliveries' quarantine."""
        found = [fault for d in self.manifest.newest().values() for fault in self.faults_of(d)]
        return [(f["line"], f["column_name"], f["reason"], f["masked_value"]) for f in found]

    def bad_lines(self) -> dict[int, str]:
        """Reason by line."""
        return {line: reason for line, _, reason, _ in self.faults() if line is not None}

    def exposed(self, query: str) -> list[Any]:
        """The answer of the warehouse, with the raw zone exposed anew."""
        views.expose(self.home.warehouse, self.home, [source_files.load(self.yaml)], None)
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def written(self) -> bytes:
        """Every byte below the home, text of Parquet files unpacked."""
        found = b""
        for path in sorted(self.home.root.rglob("*")):
            if path.suffix == ".parquet":
                rows = self._read(path.parent, [path.name])
                found += json.dumps(rows, default=str, ensure_ascii=False).encode()
            if path.is_file():
                found += path.read_bytes()
        return found


def items_of_lists(full_name: str) -> bool:
    """Whether a raw table takes its rows from lists in the records, so that their number is another."""
    return any(table.full_name == full_name and table.rows for table in bundle.all_tables())


def csv_text(*rows: Iterable[str], header: str = "id,opened,status") -> str:
    """Lines of a delimited file."""
    return "".join(",".join(row) + "\n" for row in [header.split(","), *rows])


def cases(n: int, start: int = 0) -> list[tuple[str, str, str]]:
    """Sound rows."""
    return [(f"C{i}", f"2025-01-{i % 28 + 1:02d} 10:00:00", "open") for i in range(start, start + n)]


def same_rows(one: Iterable[Any], other: Iterable[Any]) -> bool:
    """Whether two lists hold the same rows the same number of times."""
    return Counter(one) == Counter(other)
