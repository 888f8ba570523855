"""Landing that is killed at any moment: the next run ends with the same raw zone as if nothing had happened.

FAULTLINE_LANDING_KILLS says how often landing is killed, a fifth of it in fresh homes. The moments are spread over the whole
landing, however few they are.
"""

import gzip
import io
import multiprocessing
import os
import random
import signal
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
import yaml

from orchestration.landing import pipeline, views
from orchestration.settings import Home
from orchestration.sources import contract, source_files

pytestmark = pytest.mark.integration

SEED = 20250701
N_SMALL = 60
N_LARGE_ROWS = 200_000
N_KILLS = int(os.environ.get("FAULTLINE_LANDING_KILLS", "25"))
N_FRESH = N_KILLS // 5
N_AGAIN = N_KILLS - N_FRESH
SALT = b"salt of the killed"
_VERSIONS = {"first": 1_750_000_000, "second": 1_750_003_600}  # when each version is delivered
_CASES = {"case_id": "id", "opened_at": "opened", "status": "status", "vendor_reopen_count": "n"}
_CHANGES = {
    "case_id": "id",
    "field": "'status'",
    "new_value": "status",
    "changed_at": "opened",
    "where": "n = '1'",
}
_FILE_SETS = {
    "small": {"glob": "small/*", "feeds": {"cases": _CASES}},
    "large": {"glob": "large/*", "feeds": {"cases": _CASES, "case_changes": _CHANGES}},
}
_ENTITIES = ("cases", "case_changes")
# The file and the time of a row identify its delivery; the rest has to be equal.
_NOT_COMPARED = {"_delivery_id"}


# ---------------------------------------------------------------- deliveries


def _csv(name: str, n: int, version: str) -> bytes:
    rows = "".join(
        f"{name}-{i},2025-01-{i % 28 + 1:02d} {i % 24:02d}:00:00,{version} {i % 13},{i % 3}\n"
        for i in range(n)
    )
    return f"id,opened,status,n\n{rows}".encode()


def _packed(content: bytes, *, is_sound: bool) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    packed = bytearray(target.getvalue())
    if not is_sound:
        packed[packed.find(b"2025-01")] ^= 1  # the checksum of the first member no longer fits
    return bytes(packed)


def _content(name: str, version: str) -> bytes:
    """A file of either version; in both some are broken, and some others in the second."""
    number = int(Path(name).name[:2])
    if name.startswith("large/"):
        content = _csv(f"L{number}", N_LARGE_ROWS + number, version)
        return content.replace(b"-777,2025-01", b"-777,never") if number else content
    content = _csv(f"S{number}", 20 + number + 7 * (version == "second"), version)
    if name.endswith(".gz"):
        return gzip.compress(content, mtime=0)[: -20 if number % 20 == 5 or version == "second" else None]
    if name.endswith(".zip"):
        return _packed(content, is_sound=version == "first")
    if number % 12 == 1:
        content += f'S{number}-x,2025-01-01,"never closed,1\n'.encode() + b"torn\n\0\n"
    elif number % 12 == 3:
        content = content.replace(b"-5,2025", b"-5,never ") + b",2025-01-01,no id,1\n"
    elif number % 12 == 7 and version == "first":
        content = b""
    return content


def _names() -> list[str]:
    suffixes = {5: ".csv.gz", 10: ".zip"}
    small = [f"small/{i:02d}{suffixes.get(i % 15, '.csv')}" for i in range(N_SMALL)]
    return [*small, "large/00.csv", "large/01.csv"]


NAMES = _names()


@dataclass(frozen=True)
class Site:
    """Exports and a home; which version of each file is delivered is up to the test."""

    root: Path

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    @property
    def source(self) -> Path:
        return self.root / "crm.yml"

    @property
    def work(self) -> Path:
        """Holds the seconds of processor time of the last landing that was not killed."""
        return self.root / "work"

    def create(self) -> "Site":
        """Makes the folders and the source file."""
        self.home.create()
        for folder in _FILE_SETS:
            (self.exports / folder).mkdir(parents=True)
        document = {
            "source": "crm",
            "time_zone": "UTC",
            "files": _FILE_SETS,
        }
        self.source.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return self

    def deliver(self, name: str, version: str, contents: dict[tuple[str, str], bytes]) -> None:
        """Replaces a file by one of its versions, as whole as a rename makes it."""
        path = self.exports / name
        coming = self.root / "coming"
        coming.write_bytes(contents[name, version])
        os.utime(coming, (_VERSIONS[version], _VERSIONS[version]))
        coming.replace(path)

    def land(self) -> None:
        """Lands what is new, undisturbed."""
        landed = pipeline.land([source_files.load(self.source)], self.exports, self.home, salt=SALT)[0]
        assert not landed.postponed

    def query(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        """Answers of the exposed views."""
        views.expose(self.home.warehouse, self.home, [source_files.load(self.source)], None)
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            return [connection.execute(query).fetchall() for query in queries]


def _land_in_silence(root: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    site = Site(Path(root))
    site.land()
    site.work.write_text(str(time.process_time()), encoding="utf-8")


def _work_of(pid: int) -> float:
    """Seconds of processor time so far; none of a process that has ended."""
    try:
        return sum(psutil.Process(pid).cpu_times()[:2])
    except psutil.Error:
        return 0.0


# ---------------------------------------------------------------- what is in the raw zone


@dataclass(frozen=True)
class Zone:
    """Of each file: its rows of every entity as count and sum of digests, its counts, and its faults."""

    rows: dict[tuple[str, str], tuple[int, int]]
    deliveries: dict[tuple[str, str], tuple[Any, ...]]
    faults: dict[str, list[tuple[Any, ...]]]

    def deliver(self, name: str, after: "Zone") -> None:
        """Makes it what it is when a file has landed as it stands in another zone."""
        for faults in [file for file in self.faults if _file_of(file) == name]:
            del self.faults[faults]
        self.faults.update({file: found for file, found in after.faults.items() if _file_of(file) == name})
        for key, counts in after.deliveries.items():
            if _file_of(key[0]) != name:
                continue
            self.deliveries[key] = counts
            if counts[2] == "landed":  # a broken delivery keeps the rows of the last good one
                self.rows.pop(key, None)
                self.rows.update({key: after.rows[key]} if key in after.rows else {})


def _zone(site: Site) -> Zone:
    digests = []
    for name in _ENTITIES:
        columns = ", ".join(c for c in contract.entities()[name].landed if c not in _NOT_COMPARED)
        digests.append(
            f"SELECT _source_file, '{name}', count(*), sum(hash({columns})) FROM raw_mapped.{name} GROUP BY 1"
        )
    rows, deliveries, faults = site.query(
        " UNION ALL ".join(digests),
        "SELECT source_file, entity, * EXCLUDE (delivery_id, source_file, entity) FROM raw_faultline.deliveries",
        "SELECT * EXCLUDE (_delivery_id) FROM raw_faultline.quarantine ORDER BY ALL",
    )
    by_file: dict[str, list[tuple[Any, ...]]] = {}
    for fault in faults:
        by_file.setdefault(fault[2], []).append(fault)
    return Zone(
        {(file, entity): (n, digest) for file, entity, n, digest in rows},
        {(file, entity): tuple(counts) for file, entity, *counts in deliveries},
        by_file,
    )


def _file_of(name: str) -> str:
    """The file that an archive's member came in."""
    return name.partition("!")[0]


def _left_over(site: Site) -> list[str]:
    half = [path.name for path in site.home.root.rglob("*.writing")]
    return half + [path.name for path in site.home.root.rglob("*") if path.is_relative_to(site.home.scratch)]


def _n_stored(site: Site) -> int:
    """Rows in all Parquet files of the home, whoever names them."""
    found = 0
    for folder in (site.home.raw, site.home.quarantine):
        files = [str(path) for path in folder.rglob("*.parquet")]
        if files:
            query = "SELECT count(*) FROM read_parquet(?, union_by_name=true)"
            found += duckdb.execute(query, [files]).fetchall()[0][0]
    return found


# ---------------------------------------------------------------- killing


@dataclass(frozen=True)
class Moment:
    """When to kill: after a share of the work that landing is, or when the home changes for the nth time.

    `what` is a kind of change: a file half written (`writing`), a part in its place (`part`), or a
    commit (`state`).
    """

    share: float = 0.0
    what: str = ""
    nth: int = 0
    delay: float = 0.0


def _moments(chance: random.Random, n: int) -> list[Moment]:
    """Moments spread over the whole time, and every third one aimed at a change of the home."""
    aimed = ["writing", "part", "state"]
    return [
        Moment(what=aimed[i // 3 % 3], nth=chance.randint(1, 12), delay=chance.choice((0, 0, 0.0005, 0.003)))
        if i % 3 == 2
        else Moment(share=(i + chance.random()) / n)
        for i in range(n)
    ]


def _counts(home: Home) -> dict[str, int]:
    """How far each kind of change has come, by the sizes and names of files alone."""
    counts = {"writing": 0, "part": 0, "state": 0}
    for folder in (home.raw, home.quarantine, home.state):
        for place, _, names in os.walk(folder):
            if folder == home.state:
                # A file that is replaced just now is gone for an instant.
                counts["state"] += sum(_size(Path(place, name)) for name in names)
            else:
                counts["writing"] += sum(name.endswith(".writing") for name in names)
                counts["part"] += sum(name.endswith(".parquet") for name in names)
    return counts


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _changes(site: Site, what: str, is_alive: Callable[[], bool]) -> Iterator[int]:
    """Numbers every change of a kind while landing runs."""
    seen, n = _counts(site.home)[what], 0
    while is_alive():
        now = _counts(site.home)[what]
        if now > seen:
            n += 1
            yield n
        seen = now


class Killer:
    """Starts landing in processes of its own and kills them."""

    def __init__(self) -> None:
        # A server that has imported everything: a landing begins within milliseconds.
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["pytest", "yaml", __name__])
        self.n_cut = 0

    def land(self, site: Site) -> float:
        """Lands undisturbed; the seconds of processor time it takes."""
        process = self._processes.Process(target=_land_in_silence, args=(str(site.root),))
        process.start()
        process.join()
        assert process.exitcode == 0
        return float(site.work.read_text(encoding="utf-8"))

    def kill(self, site: Site, moment: Moment, seconds: float) -> None:
        """Lands and kills; `seconds` of processor time are what it would take undisturbed."""
        process = self._processes.Process(target=_land_in_silence, args=(str(site.root),))
        process.start()
        if moment.what:
            for n in _changes(site, moment.what, process.is_alive):
                if n == moment.nth:
                    time.sleep(moment.delay)
                    break
        else:
            # Work done, not time passed: on a busy machine the moment is the same.
            while process.is_alive() and _work_of(process.pid or 0) < seconds * moment.share:
                process.join(0.002)
        process.kill()
        process.join()
        assert process.exitcode in (0, -signal.SIGKILL)
        self.n_cut += process.exitcode != 0


@dataclass(frozen=True)
class Undisturbed:
    """Both versions landed by runs that nobody kills."""

    contents: dict[tuple[str, str], bytes]
    zones: dict[str, Zone]
    n_stored: int
    seconds: float
    killer: Killer


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    contents = {(name, version): _content(name, version) for name in NAMES for version in _VERSIONS}
    site = Site(tmp_path_factory.mktemp("undisturbed")).create()
    killer, zones = Killer(), {}
    killer.land(site)  # starts the server
    for version in _VERSIONS:
        for name in NAMES:
            site.deliver(name, version, contents)
        seconds = killer.land(site)
        zones[version] = _zone(site)
        if version == "first":
            n_stored = _n_stored(site)
    return Undisturbed(contents, zones, n_stored, seconds, killer)


def test_both_versions_hold_what_they_are_made_for(undisturbed: Undisturbed) -> None:
    for zone in undisturbed.zones.values():
        fates = {row[2] for row in zone.deliveries.values()}
        assert fates == {"landed", "quarantined"}
        assert zone.rows["large/00.csv", "cases"][0] == N_LARGE_ROWS
        assert len(zone.faults) > 10
    assert undisturbed.zones["first"] != undisturbed.zones["second"]


@pytest.mark.parametrize("number", range(N_FRESH))
def test_killed_in_a_fresh_home(undisturbed: Undisturbed, tmp_path: Path, number: int) -> None:
    site = Site(tmp_path).create()
    for name in NAMES:
        site.deliver(name, "first", undisturbed.contents)
    moment = _moments(random.Random(SEED), N_FRESH)[number]
    undisturbed.killer.kill(site, moment, undisturbed.seconds)
    _check_nothing_is_half_there(site, undisturbed)
    if number % 2:
        _check_nothing_is_left_where_no_file_comes_again(site, undisturbed)
    site.land()
    assert _zone(site) == undisturbed.zones["first"]
    assert not _left_over(site)
    assert _n_stored(site) == undisturbed.n_stored, "rows lie in files that nothing names"


def _check_nothing_is_left_where_no_file_comes_again(site: Site, undisturbed: Undisturbed) -> None:
    """Landing the same file again would write over what it left; so nothing is delivered for one run."""
    for name in NAMES:
        (site.exports / name).unlink()
    site.land()
    zone = _zone(site)
    n_exposed = sum(n for n, _ in zone.rows.values()) + sum(map(len, zone.faults.values()))
    assert _n_stored(site) == n_exposed, "rows lie in files that nothing names"
    assert not _left_over(site)
    for name in NAMES:
        site.deliver(name, "first", undisturbed.contents)


def test_killed_again_and_again_in_one_home(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """Each time some files are delivered anew; every fourth time the run that follows is killed as well."""
    site, chance = Site(tmp_path).create(), random.Random(SEED)
    versions, expected = dict.fromkeys(NAMES, "first"), Zone({}, {}, {})
    for name in NAMES:
        site.deliver(name, "first", undisturbed.contents)
        expected.deliver(name, undisturbed.zones["first"])
    site.land()
    seconds = undisturbed.seconds / 5
    for n, moment in enumerate(_moments(chance, N_AGAIN)):
        again = [*chance.sample(NAMES[:N_SMALL], 6), *([NAMES[-1 - n % 2]] if n % 6 == 0 else [])]
        for name in again:
            versions[name] = "second" if versions[name] == "first" else "first"
            site.deliver(name, versions[name], undisturbed.contents)
            expected.deliver(name, undisturbed.zones[versions[name]])
        undisturbed.killer.kill(site, moment, seconds)
        if n % 4 == 0:
            undisturbed.killer.kill(site, Moment(share=chance.random()), seconds / 2)
        if n % 2:
            _check_nothing_is_half_there(site, undisturbed)
        site.land()
        assert _zone(site) == expected, f"after kill {n} at {moment}"
        assert not _left_over(site)


def test_most_kills_came_in_time(undisturbed: Undisturbed) -> None:
    """Runs last: fails if the tests before it killed nothing."""
    assert undisturbed.killer.n_cut >= (N_FRESH + N_AGAIN) * 3 // 4


def _check_nothing_is_half_there(site: Site, undisturbed: Undisturbed) -> None:
    """A file's rows are those of one of its versions, or none, at any moment."""
    seen = _zone(site)
    for key, rows in seen.rows.items():
        assert rows in [zone.rows.get(key) for zone in undisturbed.zones.values()], key
    for key, counts in seen.deliveries.items():
        assert counts in [zone.deliveries.get(key) for zone in undisturbed.zones.values()], key
