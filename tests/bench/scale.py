"""Seconds and memory of whole runs on simulated centres of several sizes, and of one more day. `make bench-scale`.

Limits come from the environment: FAULTLINE_MEMORY_LIMIT=2GB FAULTLINE_THREADS=1 make bench-scale.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestration import settings
from orchestration.base import engine
from tests.bench.stages import Stage, measure

SIZES = (150_000, 1_000_000)
CENTRE_CONTACTS = 150_000
"""Contacts of the default centre; a larger one is made of copies of about this size."""
N_SLOWEST = 10
console = Console(width=110)
app = typer.Typer(add_completion=False)


@dataclass(frozen=True)
class Centre:
    """A simulated centre on disk: all its exports, and those of every day but the last one."""

    n_contacts: int
    sources: Path
    exports: Path
    without_last_day: Path


@dataclass(frozen=True)
class Measured:
    """Stages of a run from nothing and of one more day, and seconds of the models in the former."""

    centre: Centre
    first: list[Stage]
    next_day: list[Stage]
    models: dict[str, float]


@app.command()
def main(
    *,
    contacts: Annotated[list[int], typer.Option(help="Size of a centre; may be repeated.")] = list(SIZES),  # noqa: B006
    folder: Annotated[
        Path | None, typer.Option(help="Where exports and homes lie; kept, and exports found there are used.")
    ] = None,
) -> None:
    """Simulates, runs from nothing and with one more day, and prints the tables."""
    with tempfile.TemporaryDirectory(prefix="faultline-bench-") as scratch:
        place = folder or Path(scratch)
        measured = [
            _measured(_centre(n, place / f"centre-{n}"), place / f"home-{n}") for n in sorted(contacts)
        ]
    if len(measured) > 1:
        _print_growth(measured[0], measured[-1])


def _centre(n_contacts: int, folder: Path) -> Centre:
    if not (folder / "manifest.json").exists():
        console.print(f"Simulating {n_contacts:,} contacts")
        copies = math.ceil(n_contacts / CENTRE_CONTACTS)
        subprocess.run(
            [
                sys.executable, "-m", "seeds.simulator", str(folder), "--scale", str(copies),
                "--contacts", str(n_contacts // copies),
            ],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    exports, before = folder / "exports", folder / "exports-without-last-day"
    shutil.rmtree(before, ignore_errors=True)
    last = max(day for file in _files(exports) if (day := _day_of(file)))
    for file in _files(exports):
        if _day_of(file) != last:
            target = before / file.relative_to(exports)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, target)
    return Centre(int(manifest["n_contacts"]), folder / "sources", exports, before)


def _files(exports: Path) -> Iterator[Path]:
    return (path for path in sorted(exports.rglob("*")) if path.is_file())


def _day_of(file: Path) -> date | None:
    """The day of a delivery, which its folder is named after."""
    try:
        return date.fromisoformat(file.parent.name)
    except ValueError:
        return None


def _measured(centre: Centre, home: Path) -> Measured:
    shutil.rmtree(home, ignore_errors=True)
    first = measure(home, centre.sources, centre.without_last_day)
    slowest = _model_seconds(home / "dbt" / "target" / "dbt.log")
    next_day = measure(home, centre.sources, centre.exports)
    found = Measured(centre, first, next_day, slowest)
    _print(found, _raw_seconds(centre, home))
    return found


def _model_seconds(log: Path) -> dict[str, float]:
    """Seconds that each model took to build, by the log of dbt."""
    events = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    built = (event["data"] for event in events if event["info"]["name"] == "LogModelResult")
    return {one["node_info"]["node_name"]: one["execution_time"] for one in built}


def _raw_seconds(centre: Centre, home: Path) -> dict[str, float]:
    """Seconds that DuckDB takes to read every value of the exports, and to read and write the raw zone, once."""
    found = {}
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        limits = settings.load(home=home).limits
        with engine.connect(limits=limits) as connection:
            began = time.perf_counter()
            for name in sorted({file.name for file in _files(centre.exports)}):
                glob = f"{centre.exports}/**/{name}"
                # Files of one name have the same columns: looking at each would take most of the time.
                connection.execute(
                    f"SELECT count(COLUMNS(*)) FROM read_csv('{glob}', all_varchar=true, header=true)"
                ).fetchall()
            found["read the exports"] = time.perf_counter() - began
            began = time.perf_counter()
            connection.execute("SET preserve_insertion_order = false")
            for table in sorted({path.parent for path in (home / "raw").rglob("*.parquet")}):
                rows = f"SELECT * FROM read_parquet('{table}/*.parquet', union_by_name=true)"
                connection.execute(f"COPY ({rows}) TO '{scratch}/{table.name}.parquet' (COMPRESSION zstd)")
            found["read and write the raw zone"] = time.perf_counter() - began
    return found


def _print(found: Measured, raw: dict[str, float]) -> None:
    config = settings.load()
    title = f"{found.centre.n_contacts:,} contacts, {config.memory_limit} and {config.threads} threads"
    table = Table(title=title)
    table.add_column("stage")
    for column in ("from nothing, s", "peak MB", "one more day, s", "peak MB"):
        table.add_column(column, justify="right")
    next_day = {stage.name: stage for stage in found.next_day}
    for stage in found.first:
        other = next_day.get(stage.name, Stage(stage.name))
        table.add_row(
            stage.name,
            f"{stage.seconds:.1f}",
            f"{stage.peak_mb:,.0f}",
            f"{other.seconds:.1f}",
            f"{other.peak_mb:,.0f}",
        )
    table.add_section()
    sums = [
        text
        for stages in (found.first, found.next_day)
        for text in (f"{_total(stages):.1f}", f"{max(stage.peak_mb for stage in stages):,.0f}")
    ]
    table.add_row("all", *sums)
    for name, seconds in raw.items():
        table.add_row(f"raw DuckDB: {name} once", f"{seconds:.1f}")
    console.print(table)
    slowest = Table(title="Slowest models, from nothing")
    slowest.add_column("model")
    slowest.add_column("seconds", justify="right")
    for name, seconds in sorted(found.models.items(), key=lambda one: -one[1])[:N_SLOWEST]:
        slowest.add_row(name, f"{seconds:.1f}")
    console.print(slowest)


def _print_growth(small: Measured, large: Measured) -> None:
    """A stage grows less than the centre where it has a fixed cost, and never more where it is linear."""
    contacts = large.centre.n_contacts / small.centre.n_contacts
    table = Table(title=f"Growth from nothing, for {contacts:.1f} times the contacts")
    table.add_column("stage")
    table.add_column("times the seconds", justify="right")
    before = {stage.name: stage.seconds for stage in small.first}
    for stage in large.first:
        table.add_row(stage.name, f"{stage.seconds / max(before.get(stage.name, 0.0), 0.01):.1f}")
    table.add_row("all", f"{_total(large.first) / _total(small.first):.1f}", style="bold")
    console.print(table)


def _total(stages: list[Stage]) -> float:
    return sum(stage.seconds for stage in stages)


if __name__ == "__main__":
    app()
