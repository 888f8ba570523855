"""Lands fuzzed deliveries in a child process and judges what became of each.

One case by its number: python -m tests.integration.landing.fuzz 417
"""

import json
import os
import queue
import re
import resource
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pyarrow.parquet as pq
import yaml

from orchestration.landing import pipeline, views
from orchestration.landing.people import hashing, rules
from orchestration.settings import Home
from orchestration.sources import source_files
from tests.conftest import PROJECT
from tests.integration.landing import mutations, reference, sound
from tests.integration.landing.mutations import Case
from tests.integration.landing.reference import UNSURE, Found, Row

BATCH = 50
SECONDS_PER_CASE = 30
"""Of processor time; and one that does nothing for so long hangs, too."""
MAX_MEMORY_KB = 2_000_000
SALT = b"salt of the fuzzer"
_COLUMNS = ("contact_id", "leg_seq", "started_at", "queue_id", "agent_id", "talk_seconds", "end_reason")
_DELIVERED = int(reference.NEWEST.timestamp())


@dataclass
class Landed:
    """What the raw zone holds of one delivery."""

    status: str
    reason: str
    n_read: int
    n_landed: int
    n_filtered: int
    n_quarantined: int
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    faults: list[tuple[int | None, str, str, str]] = field(default_factory=list)

    @property
    def damaged(self) -> Counter[int | None]:
        """Lines that could not be read at all."""
        return Counter(line for line, column, _, _ in self.faults if not column)

    @property
    def bad(self) -> set[int | None]:
        """Lines of rows with a value that does not fit."""
        return {line for line, column, _, _ in self.faults if column}


def say(text: str) -> None:
    """Writes a line for whoever watches, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# ---------------------------------------------------------------- landing


class Ground:
    """A folder with exports and a home, and things beside the home that must stay as they are."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.exports = root / "exports"
        self.home = Home(root / "home").create()
        for folder in (self.exports, root / "working", root / "temporary"):
            folder.mkdir(parents=True, exist_ok=True)
        self.yaml = root / "fuzz.yml"
        self.yaml.write_text(yaml.safe_dump(sound.document(), sort_keys=False), encoding="utf-8")
        (root / "beside.csv").write_text("not to be touched", encoding="utf-8")

    def deliver(self, cases: Iterable[Case]) -> None:
        """Writes the files of the cases, each in a folder of its own."""
        for case in cases:
            path = self.exports / case.folder / case.name
            path.parent.mkdir(parents=True)
            path.write_bytes(case.content)
            os.utime(path, (_DELIVERED, _DELIVERED))

    def land(self) -> pipeline.LandingSummary:
        """Lands what is new; prints the name of every file before it is read."""
        source = source_files.load(self.yaml)
        # The independent reader knows no names of people.
        options = {"salt": SALT, "staff_ids": "clear", "progress": lambda *_: say("file")}
        return pipeline.land([source], self.exports, self.home, **options)[0]

    def around(self) -> dict[str, tuple[int, int]]:
        """Size and time of everything that is not the home's."""
        found = {}
        for path in self.root.rglob("*"):
            if self.home.root not in (path, *path.parents):
                stat = path.lstat()
                found[os.fsencode(path.relative_to(self.root)).hex()] = stat.st_size, stat.st_mtime_ns
        return found

    def landed(self) -> dict[str, Landed]:
        """Every delivery by its file, as the exposed views show it."""
        views.expose(self.home.warehouse, self.home, [source_files.load(self.yaml)], None)
        with duckdb.connect(str(self.home.warehouse), read_only=True) as connection:
            found = {
                row[0]: Landed(*row[1:])
                for row in connection.execute(
                    "SELECT source_file, status, reason, n_read, n_landed, n_filtered, n_quarantined "
                    "FROM raw_faultline.deliveries"
                ).fetchall()
            }
            rows = connection.execute(
                f"SELECT _source_file, {', '.join(_COLUMNS)} FROM raw_mapped.legs"
            ).fetchall()
            faults = connection.execute(
                "SELECT source_file, line, column_name, reason, masked_value FROM raw_faultline.quarantine"
            ).fetchall()
        for name, *row in rows:
            found[name].rows.append(tuple(row))
        for name, *fault in faults:
            found[name].faults.append(tuple(fault))
        return found

    def secrets(self) -> str:
        """All text that the home holds outside the raw zone."""
        found = []
        for path in sorted(self.home.root.rglob("*")):
            if not path.is_file() or self.home.raw in path.parents or path == self.home.warehouse:
                continue
            if path.suffix == ".parquet":
                found.append(json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False))
            else:
                found.append(path.read_bytes().decode("utf-8", "replace"))
        return "".join(found)


def land(cases: Sequence[Case], root: Path) -> dict[int, list[str]]:
    """Lands cases by one call; what is wrong, by case, where anything is."""
    ground = Ground(root)
    # Whatever is written to the working or the temporary folder is seen there.
    os.chdir(root / "working")
    os.environ["TMPDIR"] = tempfile.tempdir = str(root / "temporary")
    ground.deliver(cases)
    before = ground.around()
    first = ground.land()
    wrong: dict[int, list[str]] = {case.number: [] for case in cases}
    found = ground.landed()
    for case in cases:
        own = {name: one for name, one in found.items() if name.startswith(f"{case.folder}/")}
        wrong[case.number] += judge(case, own)
        wrong[case.number] += [
            f"postponed: {reason}" for name, reason in first.postponed if name.startswith(f"{case.folder}/")
        ]
    of_all = list(_of_all(ground, before))
    for n, case in enumerate(cases if of_all else ()):
        if len(cases) > 1:  # whose fault it is shows when each is landed alone
            wrong[case.number] = land([case], root.with_name(f"alone{n}")).get(case.number, [])
        else:
            wrong[case.number] += of_all
    if of_all and not any(wrong.values()):
        wrong[cases[0].number] = [
            f"{problem}, with {len(cases) - 1} cases after this one" for problem in of_all
        ]
    return {number: problems for number, problems in wrong.items() if problems}


def _of_all(ground: Ground, before: dict[str, tuple[int, int]]) -> Iterator[str]:
    again = ground.land()
    if again.deliveries or again.postponed:
        yield f"landing again found something new: {[d.file for d in again.deliveries]}"
    after = ground.around()
    if after != before:
        changed = {bytes.fromhex(name) for name in set(after) ^ set(before)}
        yield f"something outside the home was touched: {changed or 'a file changed'}"
    half = [path.name for path in ground.home.root.rglob("*.writing")]
    if half or ground.home.scratch.exists():
        yield f"something was left half written: {half}"
    if any(Path("/").glob("faultline_*")):
        yield "a member was written to the root of the disk"
    # A header may be made of a row's values, and then they are names of columns.
    secrets = re.sub(r'"columns_\w+": \[.*?\]', "", ground.secrets())
    for word in sound.CANARIES:
        if word in secrets:
            yield f"{word!r} stands outside the raw zone"


# ---------------------------------------------------------------- judging


def judge(case: Case, deliveries: dict[str, Landed]) -> list[str]:
    """What is wrong with what became of one case."""
    problems = [problem for one in deliveries.values() for problem in _accounts(one)]
    expected = {
        f"{case.folder}/{case.name}{'!' + member if member else ''}": (member, plain)
        for member, plain in case.members.items()
    }
    if case.is_damaged:
        return problems + _of_damaged(case, deliveries)
    shown = {
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"): v
        for name, v in expected.items()
    }
    if shown.keys() != deliveries.keys():
        return [*problems, f"deliveries {sorted(deliveries)} in place of {sorted(shown)}"]
    for name, (member, plain) in shown.items():
        one = deliveries[name]
        if member in case.refused:
            problems += ["landed, though it must be quarantined whole"] * (one.status == "landed")
        else:
            problems += compare(reference.read(case.file_set, plain), one)
    return problems


def _of_damaged(case: Case, deliveries: dict[str, Landed]) -> list[str]:
    """Behind a damaged packing there is the whole sound content or nothing."""
    if not deliveries:
        return ["vanished without a word"]
    problems = []
    for name, one in deliveries.items():
        if one.status == "landed" and all(
            compare(reference.read(case.file_set, plain), one) for plain in case.members.values()
        ):
            problems.append(f"{name}: landed other rows than were packed")
    is_whole = len(deliveries) == 1 and all(one.status == "quarantined" for one in deliveries.values())
    if not is_whole and len(deliveries) != len(case.members):
        problems.append(f"{len(deliveries)} deliveries of {len(case.members)} members")
    return problems


def _accounts(one: Landed) -> Iterator[str]:
    """What holds for every delivery, whatever is in it."""
    if one.n_read != one.n_landed + one.n_filtered + one.n_quarantined:
        yield f"{one.n_read} rows in, {one.n_landed} + {one.n_filtered} + {one.n_quarantined} out"
    if min(one.n_read, one.n_landed, one.n_filtered, one.n_quarantined) < 0:
        yield "a count below zero"
    if len(one.rows) != one.n_landed:
        yield f"{len(one.rows)} rows where {one.n_landed} are counted"
    if any(None in row[:3] for row in one.rows):
        yield "a row without what every row needs"
    if one.status == "quarantined":
        if one.rows or one.n_read or not one.reason or [f[:2] for f in one.faults] != [(None, "")]:
            yield f"quarantined, and yet: {one.n_read} read, {len(one.faults)} faults, {one.reason!r}"
    elif sum(one.damaged.values()) + len(one.bad) != one.n_quarantined:
        yield f"{one.n_quarantined} quarantined, {one.damaged.total()} + {len(one.bad)} named"
    for _, _, reason, masked in one.faults:
        if any(unicodedata.category(c)[0] in "LN" and c not in "x9" for c in masked):
            yield f"not masked: {masked!r}"
        if any(word in reason for word in sound.CANARIES):
            yield f"a cell stands in a reason: {reason!r}"


def compare(found: Found, one: Landed) -> list[str]:
    """Differences between what an independent reader finds and what landed."""
    if one.status == "quarantined":
        allowed = found.must_refuse or found.may_refuse
        return [] if allowed else [f"refused ({one.reason}), though {found.n_read} records can be read"]
    if found.must_refuse:
        return [f"landed {one.n_landed} rows of what cannot be read"]
    if found.is_unsure:
        return []
    problems = []
    if one.n_read != found.n_read:
        problems.append(f"{one.n_read} records read, {found.n_read} are there")
    extra = one.damaged - Counter(found.damaged) - Counter(found.open)
    gone = Counter(found.damaged) - one.damaged
    if extra or gone:
        problems.append(f"damaged lines: {sorted(extra)} too many, {sorted(gone)} too few")
    problems += _compare_rows(found, one)
    return problems


def _without_people(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row whose personal ids and texts are all the same, whether delivered or landed."""
    return tuple(
        "personal" if isinstance(value, str) and _PERSONAL.get(column, _never)(value) else value
        for column, value in zip(_COLUMNS, values, strict=True)
    )


def _never(value: str) -> bool:
    return False


def _is_personal_id(value: str) -> bool:
    return bool(_HASH.fullmatch(value)) or rules.is_personal_id(value)


def _is_personal_text(value: str) -> bool:
    return value.startswith(hashing.MASK_BEGINS) or rules.is_personal_text(value)


_HASH = re.compile(r"[0-9a-f]{32}")
_PERSONAL = {"contact_id": _is_personal_id, "queue_id": _is_personal_id, "end_reason": _is_personal_text}


def _compare_rows(found: Found, one: Landed) -> list[str]:
    by_fate: dict[str, list[Row]] = {"lands": [], "bad": [], "filtered": [], "unsure": []}
    for row in found.rows:
        by_fate[row.fate].append(row)
    problems = []
    silent = {row.line for row in by_fate["bad"]} - one.bad
    unjust = one.bad - {row.line for row in (*by_fate["bad"], *by_fate["unsure"])} - set(found.open)
    if silent or unjust:
        problems.append(f"bad lines: {sorted(unjust)} unjustly, {sorted(silent)} not reported")
    left = Counter(_without_people(row) for row in one.rows)
    sound_rows = Counter(_without_people(row.values) for row in by_fate["lands"])
    missing = sound_rows - left
    left -= sound_rows
    if missing:
        problems.append(f"{missing.total()} rows did not land, such as {next(iter(missing))}")
    for row in sorted(by_fate["unsure"], key=lambda row: row.values.count(UNSURE)):
        if row.line in one.bad:
            continue
        match = next((r for r in left if _fits(r, _without_people(row.values))), None)
        if match is None:
            problems.append(f"line {row.line} neither landed nor was named: {row.values}")
        else:
            left[match] -= 1
            left = +left
    if left.total() > len(found.open):
        problems.append(f"{left.total()} rows that nobody delivered, such as {next(iter(left))}")
    return problems


def _fits(row: tuple[Any, ...], values: tuple[Any, ...]) -> bool:
    return all(b is UNSURE or a == b for a, b in zip(row, values, strict=True))


# ---------------------------------------------------------------- child and parent


def batches(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers that one call lands; those that cost much or may kill go alone."""
    alone = [number for number in numbers if mutations.make(number).is_alone]
    together = [number for number in numbers if number not in set(alone)]
    return [together[i : i + BATCH] for i in range(0, len(together), BATCH)] + [[n] for n in alone]


def work(plan: list[list[int]]) -> None:
    """Lands batch after batch, and prints what is wrong as lines of JSON."""
    for numbers in plan:
        say(json.dumps({"started": numbers}))
        with tempfile.TemporaryDirectory(dir=os.environ["FUZZ_ROOT"]) as folder:
            wrong = land([mutations.make(number) for number in numbers], Path(folder) / "ground")
            os.chdir("/")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        say(json.dumps({"finished": numbers, "wrong": wrong, "memory_kb": memory}))


@dataclass
class Report:
    """What became of many cases: problems by number, and the child's greatest memory."""

    wrong: dict[int, list[str]] = field(default_factory=dict)
    memory_kb: int = 0
    n_landed: int = 0


def run(numbers: Sequence[int], root: Path) -> Report:
    """Lands cases in child processes; one that dies or hangs is tried case by case."""
    report, plan = Report(), batches(numbers)
    while plan:
        finished, end = _watch(plan, root, report)
        plan = plan[finished:]
        if not plan:
            continue
        culprit = plan.pop(0)
        if len(culprit) == 1:
            report.wrong.setdefault(culprit[0], []).append(end)
        else:
            plan = [[number] for number in culprit] + plan
    return report


def _watch(plan: list[list[int]], root: Path, report: Report) -> tuple[int, str]:
    """Runs one child; how many batches it finished, and how it ended."""
    command = [sys.executable, "-m", "tests.integration.landing.fuzz", "--work", json.dumps(plan)]
    environment = os.environ | {"FUZZ_ROOT": str(root), "PYTHONPATH": str(PROJECT)}
    lines: queue.Queue[str] = queue.Queue()
    finished = 0
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as child,
    ):
        assert child.stdout
        reader = threading.Thread(target=lambda: [*map(lines.put, child.stdout or ()), lines.put("")])
        reader.start()
        end = ""
        began = latest = _work_of(child.pid)
        while not end:
            try:
                line = lines.get(timeout=SECONDS_PER_CASE)
            except queue.Empty:
                # Work done, not time passed: a busy machine makes nobody hang.
                before, latest = latest, _work_of(child.pid)
                if before < latest < began + SECONDS_PER_CASE:
                    continue
                child.kill()
                end = f"hung for more than {SECONDS_PER_CASE} seconds"
                continue
            began = latest = _work_of(child.pid)
            if line.startswith('{"finished"'):
                finished += 1
                _note(json.loads(line), report)
            elif not line:
                end = f"ended with code {child.wait()}"
        reader.join()
        errors.seek(0)
        last = errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
    return finished, f"the process {end}: {''.join(last)}"


def _work_of(pid: int) -> float:
    """Seconds of processor time so far; none of a process that has ended."""
    try:
        return sum(psutil.Process(pid).cpu_times()[:2])
    except psutil.Error:
        return 0.0


def _note(outcome: dict[str, Any], report: Report) -> None:
    for number, problems in outcome["wrong"].items():
        report.wrong.setdefault(int(number), []).extend(problems)
    if outcome["memory_kb"] > max(report.memory_kb, MAX_MEMORY_KB):
        for number in outcome["finished"]:
            report.wrong.setdefault(number, []).append(f"memory rose to {outcome['memory_kb']:,} KB")
    report.memory_kb = max(report.memory_kb, outcome["memory_kb"])
    report.n_landed += len(outcome["finished"])


def show(number: int) -> None:
    """Lands one case here and prints what it is and what became of it."""
    case = mutations.make(number)
    with tempfile.TemporaryDirectory() as folder:
        say(f"case {number}: {case.recipe} of {case.file_set}, {case.name!r}, {len(case.content):,} bytes")
        wrong = land([case], Path(folder) / "ground")
        for name, one in Ground(Path(folder) / "ground").landed().items():
            say(
                f"{name!r}: {one.status} {one.reason} read {one.n_read} landed {one.n_landed} filtered {one.n_filtered}"
            )
            for fault in one.faults[:20]:
                say(f"    {fault}")
        os.chdir("/")
    for problem in wrong.get(number, ["nothing is wrong"]):
        say(problem)


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        work(json.loads(sys.argv[2]))
    else:
        for argument in sys.argv[1:]:
            show(int(argument))
