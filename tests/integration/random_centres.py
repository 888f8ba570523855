"""Random contact centres: a random subset of sources and files, and up to 30 % of their values damaged.

A centre is a pure function of its seed. Plain sources are made from the source contract; vendors' sources are
samples of what the simulator exports.
"""

import csv
import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from orchestration.sources import contract
from orchestration.sources.contract import Column, Entity

MARK = "<img src=x onerror=alert(7)>"
"""Hostile text that no page may hold as it is."""

PAIRS = (("amazon_connect", "salesforce"), ("genesys_cloud", "zendesk"), ("asterisk", "servicenow"))
"""Vendors that one simulation exports together."""

MAX_DAMAGE = 0.3
_MAX_ROWS = 40
_MAX_FILES = 5
_ODD = (
    "", " ", "NULL", "None", "?", "In progress", "Waiting on Vendor", "OPEN ", "On Hold", "voice", "Sprache", "unbekannt",
    "ÄÖÜ ß é", "🙂🙂", "\u202eتجربة", "\u200b", "\ufeffx", MARK, "</script><script>alert(7)</script>", "'; DROP TABLE cases; --",
    '"', "a\"b'c", "`x`", "{{ x }}", "%s%n", "=1+1", "../../etc/passwd", "x" * 5000, "tab\there", "line\nbreak", "\r", "\x00",
    "\x07\x1b[31m", "0000-00-00", "0000-00-00 00:00:00", "1970-01-01 00:00:00", "1900-01-01", "9999-12-31 23:59:59",
    "2999-01-01T00:00:00Z", "2024-03-31 02:30:00", "2024-10-27T02:30:00+02:00", "2024-02-30", "12:00", "-1", "-86400",
    "0", "1", "1e309", "NaN", "Infinity", "5.00E+17", "7001.0", "99999999999999999999", "{}", "[]", "true", "ja", "+49 30 123456",
    "anonymous", "a@b.example", "4711", "4711",
)  # fmt: skip


@dataclass(frozen=True)
class Exports:
    """What one simulation exported: source files by name, and the folder of their exports."""

    sources: dict[str, dict[str, Any]]
    folder: Path


@dataclass
class _Writer:
    """Writes the sources and files of one centre, and damages values as it goes."""

    rng: random.Random
    name: str
    sources: Path
    exports: Path
    damage: float
    n_sources: int = 0
    written: list[str] = field(default_factory=list)

    def value(self, sound: str) -> str:
        return self.rng.choice(_ODD) if self.rng.random() < self.damage else sound

    def source(self, document: dict[str, Any]) -> None:
        self.n_sources += 1
        document["source"] = f"{self.name}_{self.n_sources}"
        document["centre"] = self.name
        path = self.sources / f"{document['source']}.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        self.written.append(document["source"])

    def file(self, name: str, text: str) -> None:
        path = self.exports / self.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))


def write(seed: int, sources: Path, exports: Path, simulated: Callable[[int], Exports]) -> list[str]:
    """Writes the centre of a seed; returns the names of its sources.

    Args:
        seed: decides everything about the centre.
        sources: folder of source files, shared with other centres.
        exports: folder of exports; the centre writes below a folder of its own.
        simulated: exports of a pair of `PAIRS`, by its number.
    """
    rng = random.Random(seed)
    writer = _Writer(rng, f"c{seed}", sources, exports, rng.choice((0.0, 0.02, 0.1, MAX_DAMAGE)))
    if rng.random() < 0.75:
        for _ in range(rng.choice((1, 1, 2, 3))):
            _plain(writer)
    if not writer.written or rng.random() < 0.4:
        _vendors(writer, simulated(rng.randrange(len(PAIRS))))
    return writer.written


# ---------------------------------------------------------------- plain feeds


def _plain(writer: _Writer) -> None:
    rng = writer.rng
    entities = list(contract.entities().values())
    favourites = [e for e in entities if e.name in ("cases", "contacts", "legs", "agents", "escalations")]
    chosen = {e.name: e for e in rng.sample(entities, rng.choice((1, 1, 2, 5)))}
    if rng.random() < 0.6:
        chosen |= {e.name: e for e in rng.sample(favourites, rng.randint(1, 3))}
    files = {}
    number = writer.n_sources
    for entity in chosen.values():
        columns = [
            c for c in entity.columns.values()
            if c.is_required or c.name in entity.key or rng.random() < rng.choice((0.3, 0.8))
        ]  # fmt: skip
        kind = rng.choice(("csv", "csv", "jsonl", "tsv"))
        files[entity.name] = {
            "glob": f"{writer.name}/{number}/{entity.name}*.{kind}",
            "format": kind,
            "feeds": {entity.name: {c.name: f'"{c.name.upper()}"' for c in columns}},
        }
        for i in range(rng.choice((0, 1, 1, 1, 2))):
            writer.file(f"{number}/{entity.name}-{i}.{kind}", _file(writer, entity, columns, kind))
    writer.source(
        {"source": "", "time_zone": rng.choice(("Europe/Berlin", "UTC", "America/New_York")), "files": files}
    )


def _file(writer: _Writer, entity: Entity, columns: list[Column], kind: str) -> str:
    rng = writer.rng
    shape = rng.random()
    if shape < 0.05:
        return ""
    if shape < 0.1:
        return "rubbish;no header\n\x00\x01"
    n_rows = 0 if shape < 0.15 else rng.choice((1, 3, 20, _MAX_ROWS))
    header = [c.name.upper() for c in columns]
    rows = [[writer.value(_sound(rng, entity, c)) for c in columns] for _ in range(n_rows)]
    if kind == "jsonl":
        return "".join(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rows)
    return _csv([header, *rows], "\t" if kind == "tsv" else ",")


def _sound(rng: random.Random, entity: Entity, column: Column) -> str:
    if column.words:
        return rng.choice(column.words)
    if column.type == "ts":
        # Weekends, and both changes of clocks in Europe and America.
        return str(
            datetime(2024, rng.choice((2, 3, 10, 11)), 1) + timedelta(seconds=rng.randrange(31 * 86400))
        )
    kinds: dict[str, Callable[[], str]] = {
        "date": lambda: f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "int": lambda: str(rng.randint(0, 5)),
        "num": lambda: f"{rng.uniform(0, 100):.2f}",
        "bool": lambda: rng.choice(("true", "false", "")),
        "list": lambda: "|".join(rng.sample(("a", "b", "c"), rng.randint(0, 3))),
        "phone": lambda: f"+49 30 9000{rng.randint(10, 60)}",
        "phones": lambda: f"+49 30 9000{rng.randint(10, 60)}",
        "email": lambda: f"u{rng.randint(1, 9)}@mail.example",
        "text": lambda: f"{column.name} {rng.randint(1, 4)}",
    }
    if column.type in kinds:
        return kinds[column.type]()
    is_own = column.name in entity.key and len(entity.key) == 1
    return f"{column.name[:2]}{rng.randint(1, 10**6 if is_own and rng.random() < 0.7 else 25)}"


def _csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


# ---------------------------------------------------------------- vendors


def _vendors(writer: _Writer, simulated: Exports) -> None:
    rng = writer.rng
    names = rng.sample(sorted(simulated.sources), rng.choice((1, 1, 2, len(simulated.sources))))
    for name in names:
        document = json.loads(json.dumps(simulated.sources[name]))
        document["files"] = {
            file_set: body for file_set, body in document["files"].items() if rng.random() < 0.85
        } or document["files"]
        for body in document["files"].values():
            found = sorted(path for path in simulated.folder.glob(body["glob"]) if path.is_file())
            for path in rng.sample(found, min(len(found), rng.randint(0, _MAX_FILES))):
                relative = path.relative_to(simulated.folder).as_posix()
                writer.file(relative, _sampled(writer, path))
            body["glob"] = f"{writer.name}/{body['glob']}"
        writer.source(document)


def _sampled(writer: _Writer, path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    rng = writer.rng
    if path.suffix == ".csv":
        header, *rows = csv.reader(io.StringIO(text))
        rows = rng.sample(rows, min(len(rows), _MAX_ROWS))
        return _csv([header, *([writer.value(cell) for cell in row] for row in rows)])
    if path.suffix in (".json", ".jsonl"):
        try:
            return json.dumps(_damaged(writer, json.loads(text)))
        except json.JSONDecodeError:
            lines = _few(rng, text.splitlines())
            return "".join(json.dumps(_damaged(writer, json.loads(line))) + "\n" for line in lines)
    lines = _few(rng, text.splitlines())
    return "".join("|".join(writer.value(part) for part in line.split("|")) + "\n" for line in lines)


def _few(rng: random.Random, items: list[Any]) -> list[Any]:
    """Some items that follow each other."""
    start = rng.randrange(max(len(items) - _MAX_ROWS, 1))
    return items[start : start + _MAX_ROWS]


def _damaged(writer: _Writer, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _damaged(writer, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_damaged(writer, one) for one in _few(writer.rng, value)]
    if writer.rng.random() < writer.damage:
        return writer.rng.choice((*_ODD, None, 0, -1, True, [], {}))
    return value


def read(folder: Path) -> Exports:
    """The sources and exports that a simulation wrote."""

    def documents() -> Iterator[tuple[str, dict[str, Any]]]:
        for path in sorted((folder / "sources").glob("*.yml")):
            yield path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))

    return Exports(dict(documents()), folder / "exports")
