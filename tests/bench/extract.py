"""Throughput and peak memory of landing, as a ratio to DuckDB's own COPY and to dlt. `make bench-extract`.

Every contender reads the same file in a process of its own, in turns; the best of several turns counts. Seconds
are those of the work itself, without the start of Python. Landing reads, validates, quarantines, digests and
writes; DuckDB's COPY only reads and writes; dlt loads into a DuckDB file with its fastest reader.
"""

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import typer
import yaml
from rich.console import Console
from rich.table import Table

from orchestration.landing import pipeline
from orchestration.settings import Home
from orchestration.sources import source_files
from tests.conftest import PROJECT

DLT_RECORDS = 10_000
"""dlt reads JSON lines in Python: a hundredth of the file shows as much."""
NUMBER = {"contact_records": {"contact_records": {"customer_endpoint": "NULL"}}}
app = typer.Typer(add_completion=False)


# ---------------------------------------------------------------- contenders, each in a process of its own


def raw(relation: str, place: Path) -> None:
    """DuckDB's own COPY."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{place / 'raw.parquet'}' (FORMAT parquet)")


def land(source: Path, exports: Path, place: Path) -> None:
    """Landing into an empty home."""
    home = Home(place / "home").create()
    (done,) = pipeline.land([source_files.load(source)], exports, home, salt=b"bench" * 8)
    (delivery,) = done.deliveries
    if not delivery.is_landed or any(count.n_quarantined for count in delivery.counts):
        raise RuntimeError(f"{delivery.file}: {delivery.reason or 'rows were quarantined'}")


def load(kind: str, file: Path, place: Path) -> None:
    """dlt with its fastest reader of the kind."""
    import dlt
    from dlt.sources import filesystem as files

    reader = files.read_jsonl() if kind == "json" else files.read_csv_duckdb(use_pyarrow=True)
    found = files.filesystem(bucket_url=str(file.parent), file_glob=file.name) | reader
    destination = dlt.destinations.duckdb(str(place / "dlt.duckdb"))
    loader = dlt.pipeline("bench", pipelines_dir=str(place / "dlt"), destination=destination)
    loader.run(found.with_name("rows"))


CONTENDERS: dict[str, Callable[..., None]] = {"raw": raw, "land": land, "load": load}


@app.command(hidden=True)
def one(contender: str, arguments: str) -> None:
    """Runs one contender and prints its seconds and its peak memory in MB."""
    values = [value if kind == "text" else Path(value) for kind, value in json.loads(arguments)]
    began = time.perf_counter()
    CONTENDERS[contender](*values)
    print(time.perf_counter() - began, _peak_mb())  # noqa: T201


def _peak_mb() -> float:
    """Peak memory of this program; what the system counts for a process starts with its parent's memory."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


# ---------------------------------------------------------------- measuring


@dataclass
class Measured:
    """Best seconds and highest memory (MB) of a contender."""

    seconds: float = float("inf")
    peak_mb: float = 0.0


def measure(contenders: dict[str, tuple[str, tuple[object, ...]]], turns: int) -> dict[str, Measured]:
    """Runs the contenders in turns; each by its name, with what it is called and called with."""
    best = {name: Measured() for name in contenders}
    for _ in range(turns):
        for name, (contender, values) in contenders.items():
            with tempfile.TemporaryDirectory() as place:
                arguments = [
                    ("path" if isinstance(v, Path) else "text", str(v)) for v in (*values, Path(place))
                ]
                command = [
                    sys.executable,
                    "-m",
                    "tests.bench.extract",
                    "one",
                    contender,
                    json.dumps(arguments),
                ]
                child = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT, check=False)
                if child.returncode:
                    raise RuntimeError(f"{name} ended with {child.returncode}")
                seconds, peak_mb = map(float, child.stdout.splitlines()[-1].split())
            best[name].seconds = min(best[name].seconds, seconds)
            best[name].peak_mb = max(best[name].peak_mb, peak_mb)
    return best


# ---------------------------------------------------------------- files


def simulated(folder: Path) -> Path:
    """A small centre's Amazon Connect exports and the truth beside them."""
    scenario = folder / "bench.yml"
    body = {"about": "Rows to repeat.", "extends": "healthy", "centre": {"days": 30, "contacts": 3_000}}
    scenario.write_text(yaml.safe_dump(body), encoding="utf-8")
    out = folder / "centre"
    command = [sys.executable, "-m", "seeds.simulator", str(out), "--scenario", str(scenario), "--telephony"]
    subprocess.run([*command, "amazon_connect"], cwd=PROJECT, check=True, capture_output=True)
    return out


def records(centre: Path, target: Path, n: int) -> None:
    """JSON lines: the simulated contact records again and again, each with an id of its own."""
    target.parent.mkdir(parents=True)
    found = centre / "exports" / "amazon_connect" / "contact-records"
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE record AS SELECT line, row_number() OVER () AS i FROM read_csv("
            f"'{found}/**/*.jsonl', auto_detect=false, header=false, columns={{'line': 'VARCHAR'}}, "
            "delim=chr(31), quote='', escape='')"
        )
        copies = f"(SELECT {n} // count(*) + 1 FROM record)"
        connection.execute(
            'COPY (SELECT regexp_replace(line, \'"ContactId":"[^"]+"\', \'"ContactId":"\' || '
            "lpad(CAST(r AS VARCHAR), 8, '0') || lpad(CAST(i AS VARCHAR), 28, '0') || '\"') "
            f"FROM record CROSS JOIN range({copies}) AS t(r) LIMIT {n}) TO '{target}' "
            "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER E'\\x1F')"
        )


def legs(centre: Path, target: Path, n_bytes: int) -> None:
    """A CSV of about so many bytes: the simulated legs again and again."""
    target.parent.mkdir(parents=True)
    leg = f"'{centre / 'truth' / 'events' / 'legs.parquet'}'"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE leg AS SELECT * EXCLUDE (team_id, kind, n_holds) FROM {leg}")
        connection.execute(f"COPY leg TO '{target}' (HEADER)")
        copies = n_bytes // target.stat().st_size + 1
        connection.execute(
            f"COPY (SELECT leg.* REPLACE (contact_id || '-' || r AS contact_id) FROM leg "
            f"CROSS JOIN range({copies}) AS t(r)) TO '{target}' (HEADER)"
        )


def source(folder: Path, name: str, document: dict[str, object]) -> Path:
    file = folder / f"{name}.yml"
    whole = {"source": name, "time_zone": "UTC", "phone_region": "DE", **document}
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    return file


# ---------------------------------------------------------------- the whole


@app.command()
def run(n_records: int = 1_000_000, csv_mb: int = 1_000, turns: int = 3) -> None:
    """Prints seconds, MB/s, peak memory and ratios of all contenders."""
    console = Console()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        centre = simulated(folder)
        whole, few = folder / "json" / "records.jsonl", folder / "few" / "records.jsonl"
        table = folder / "csv" / "legs.csv"
        records(centre, whole, n_records)
        records(centre, few, min(DLT_RECORDS, n_records))
        legs(centre, table, csv_mb * 1_000_000)
        connect = {"connector": "amazon_connect", "files": {"contact_records": {"glob": "*.jsonl"}}}
        bare = {
            **connect,
            "files": {"contact_records": {"glob": "*.jsonl", "feeds": NUMBER["contact_records"]}},
        }
        with duckdb.connect() as connection:
            described = connection.execute(f"DESCRIBE FROM read_csv('{table}')").fetchall()
        mapping = {name: name for name, *_ in described}
        mapped = {"files": {"legs": {"glob": "*.csv", "feeds": {"legs": mapping}}}}
        numbers = source(folder, "numbers", connect)
        plain = source(folder, "bare", bare)
        feeds = source(folder, "legs", mapped)
        has_dlt = importlib.util.find_spec("dlt") is not None
        _print_measured(
            console,
            f"{n_records:,} contact records, JSON lines",
            whole,
            measure(
                {
                    "DuckDB COPY": ("raw", (f"read_json('{whole}')",)),
                    "landing": ("land", (plain, whole.parent)),
                    "landing, numbers normalised too": ("land", (numbers, whole.parent)),
                },
                turns,
            ),
        )
        contenders = {
            "DuckDB COPY": ("raw", (f"read_csv('{table}')",)),
            "landing": ("land", (feeds, table.parent)),
        }
        if has_dlt:
            contenders["dlt, read_csv_duckdb"] = ("load", ("csv", table))
        _print_measured(console, f"CSV of {csv_mb:,} MB", table, measure(contenders, turns))
        if has_dlt:
            contenders = {
                "landing": ("land", (plain, few.parent)),
                "dlt, read_jsonl": ("load", ("json", few)),
            }
            _print_measured(
                console, f"{DLT_RECORDS:,} contact records, JSON lines", few, measure(contenders, 1)
            )
        else:
            console.print("dlt is not installed: pip install 'dlt[duckdb]' adds it to the comparison.")


def _print_measured(console: Console, title: str, file: Path, best: dict[str, Measured]) -> None:
    n_mb = file.stat().st_size / 1e6
    first = next(iter(best))
    grid = Table(title=f"{title} ({n_mb:,.0f} MB)", title_justify="left")
    for column in ("", "seconds", "MB/s", "peak MB", f"speed, {first} = 1"):
        grid.add_column(column, justify="left" if not column else "right")
    for name, found in best.items():
        grid.add_row(
            name,
            f"{found.seconds:.1f}",
            f"{n_mb / found.seconds:,.0f}",
            f"{found.peak_mb:,.0f}",
            f"{best[first].seconds / found.seconds:.2f}",
        )
    console.print(grid)


if __name__ == "__main__":
    app()
