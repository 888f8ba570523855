"""Seconds and peak memory of each stage on the two real sources, beside raw DuckDB. `make bench`."""

import os
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from tests.conftest import PROJECT, REAL_DATA

SAMPLE_SECONDS = 0.05
# First words of the lines a run prints, and the stage that begins there.
STAGES = {
    "Looking": "land",
    "Landed": "expose raw tables",
    "Building": "build",
    "Judging": "judge",
    "Publishing": "publish",
}


@dataclass
class Stage:
    """One stage: wall seconds and peak memory of the process tree in megabytes."""

    name: str
    seconds: float = 0.0
    peak_mb: float = 0.0


def measure(home: Path, sources: Path, exports: Path) -> list[Stage]:
    """Runs the main job and splits it into its stages."""
    command = [
        str(Path(sys.executable).with_name("faultline")), "run", "--home", str(home),
        "--sources", str(sources), "--exports", str(exports),
    ]  # fmt: skip
    stages = [Stage("start")]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT
    ) as process:
        sampler = threading.Thread(target=_sample, args=(process.pid, stages), daemon=True)
        sampler.start()
        began = time.perf_counter()
        assert process.stdout is not None
        for line in process.stdout:
            name = STAGES.get(line.split()[0] if line.split() else "")
            if name == "build":
                name = f"build {line.split()[1]} models"
            if name and name != stages[-1].name:
                now = time.perf_counter()
                stages[-1].seconds, began = now - began, now
                stages.append(Stage(name))
        stages[-1].seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"the run failed with {process.returncode}")
    return stages


def _sample(pid: int, stages: list[Stage]) -> None:
    root = psutil.Process(pid)
    while True:
        try:
            family = [root, *root.children(recursive=True)]
            used = sum(p.memory_info().rss for p in family) / 1e6
        except psutil.Error:
            return
        stages[-1].peak_mb = max(stages[-1].peak_mb, used)
        time.sleep(SAMPLE_SECONDS)


def read_once() -> float:
    """Seconds raw DuckDB takes to read every value of the same files once, zip opened beforehand."""
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(REAL_DATA / "uci-servicenow-incident-log" / "incident_event_log.zip") as archive:
            log = Path(archive.extract(archive.namelist()[0], folder))
        files = [log, *sorted((REAL_DATA / "eagle-bank").glob("*.csv"))]
        began = time.perf_counter()
        with duckdb.connect() as connection:
            for file in files:
                connection.execute(f"SELECT count(COLUMNS(*)) FROM read_csv('{file}')").fetchall()
        return time.perf_counter() - began


def main() -> None:
    """Prints the table."""
    if not REAL_DATA.is_dir():
        sys.exit(f"no real data in {REAL_DATA}; set FAULTLINE_REAL_DATA")
    raw = read_once()
    with tempfile.TemporaryDirectory() as home:
        stages = measure(Path(home), PROJECT / "seeds" / "sources" / "examples", REAL_DATA)
    table = Table(title="Main job on the two real sources")
    for column, justify in (
        ("stage", "left"),
        ("seconds", "right"),
        ("peak MB", "right"),
        ("x raw read", "right"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    table.add_row("raw DuckDB, one read", f"{raw:.2f}", "", "1.0", end_section=True)
    for stage in stages:
        table.add_row(
            stage.name, f"{stage.seconds:.2f}", f"{stage.peak_mb:,.0f}", f"{stage.seconds / raw:.1f}"
        )
    total = sum(stage.seconds for stage in stages)
    table.add_section()
    peak = max(stage.peak_mb for stage in stages)
    table.add_row("all", f"{total:.2f}", f"{peak:,.0f}", f"{total / raw:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
