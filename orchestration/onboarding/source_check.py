"""Checks source files against the exports, and shows what they would deliver.

Every complaint names the line of the YAML, and where a value is at fault also the line of the file.
The very SQL of landing runs over the first records of some files, with a throw-away key for hashes
and in a temporary folder: nothing is written to the home.
"""

import difflib
import re
import secrets
import tempfile
import textwrap
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestration.base import engine, sql
from orchestration.base.text import double, one_line, scalar, shape
from orchestration.base.wording import count, listed, share
from orchestration.errors import ConfigurationError
from orchestration.landing import files, quarantine, unknown_words
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.people import hashing, protection
from orchestration.landing.plan import lost_digits, mapping
from orchestration.landing.read import documents, unsupported
from orchestration.landing.read.relations import FileRelation, Origin
from orchestration.onboarding import duplicate_keys, roles, samples, title_rows
from orchestration.onboarding.columns import NAMELESS, expression_of
from orchestration.onboarding.dates import date_readings, order_of
from orchestration.settings import Settings
from orchestration.sources import contract, source_files
from orchestration.sources.contract import Column
from orchestration.sources.file_settings import FileSet
from orchestration.sources.source_errors import SourceError
from orchestration.sources.source_files import Feed, Source

SAMPLE_RECORDS = 1_000
SAMPLE_FILES = 10
_WIDE_RECORDS = 100_000  # looked through where a filter keeps none of the first ones
_SHOWN_ROWS = 3
_SHOWN_COLUMNS = 6
_MAX_CELL = 24
_LABEL = 10
_INDENT = 5
_MANY_KILOBYTES = 100
_NARROWEST = 40
_MAX_HINT_VALUES = 1_000
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")  # needs no quotes in an expression

# A history of whole cases holds all that a list of cases and a list of changes would.
_SUBSTITUTES = {
    "cases": {"case_snapshots"},
    "case_changes": {"case_snapshots"},
    "case_snapshots": {"case_changes"},
}


def check(config: Settings, console: Console, next_command: str = "faultline run") -> bool:
    """Checks all source files of the folder; prints findings and samples, and what to type when all fits.

    Returns:
        Whether there is no error; warnings do not count.
    """
    report = _Report(console)
    loaded = _load_all(config.sources, report)
    if loaded:
        about = "Samples show what would land: times in UTC, identifiers hashed."
        report.line(f"Checking {count(len(loaded), 'source')}. {about}")
    if not config.exports.is_dir():
        report.error("", f"{config.exports} is no folder.", "Point --exports to where the exports arrive.")
    elif loaded:
        with (
            tempfile.TemporaryDirectory(prefix="faultline-") as folder,
            engine.connect(limits=replace(config.limits, scratch=Path(folder) / "spill")) as connection,
        ):
            hashing.install(connection, secrets.token_bytes(32), staff_ids=config.staff_ids)
            matched = [
                _SourceCheck(s, config.exports, connection, Path(folder), report).run() for s in loaded
            ]
        _compare_sources(loaded, matched, report)
        usable = {source.path for source in loaded}
        unusable = [path.name for path in source_files.found_in(config.sources) if path not in usable]
        _report_centres(loaded, unusable, report)
    return report.close(len(loaded), next_command)


# ---------------------------------------------------------------- report


@dataclass
class _Report:
    """Prints as the check goes on, and keeps the findings for the end, where a person looks."""

    console: Console
    errors: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)

    def error(self, where: str, problem: str, remedy: str) -> None:
        """Something that would go wrong in a run; `where` is `file:line` or empty."""
        self._keep(self.errors, where, problem, remedy)

    def warn(self, where: str, problem: str, remedy: str) -> None:
        """Something that a person should know, and may have intended."""
        self._keep(self.warnings, where, problem, remedy)

    def _keep(self, kept: list[tuple[str, str]], where: str, problem: str, remedy: str) -> None:
        entry = (where, f"{problem} {remedy}".strip())
        if entry not in kept:
            kept.append(entry)

    def line(self, text: str = "", indent: int = 0, label: str = "") -> None:
        """A line under its label; what is too long hangs under its beginning."""
        start = " " * indent + (f"{label:<{_LABEL}}" if label else "")
        start += " " if len(label) >= _LABEL and not label.endswith(" ") else ""
        self.console.print(
            Text("\n".join(_wrapped(text, self.console.width, start)) or start), soft_wrap=True
        )

    def title(self, name: str, rest: str) -> None:
        """Starts the section of a source or centre."""
        self.console.print()
        self.console.print(Text.assemble((one_line(name), "bold"), f"  {rest}"), soft_wrap=True)

    def close(self, n_loaded: int, next_command: str) -> bool:
        """Prints the findings and the sum of them."""
        for style, name, kept in (("yellow", "Warning", self.warnings), ("bold red", "Error", self.errors)):
            for where, text in kept:
                self.console.print()
                self.console.print(Text.assemble((name, style), f" {where}" if where else ""), soft_wrap=True)
                self.line(text, indent=2)
        self.console.print()
        kinds = (("error", self.errors), ("warning", self.warnings))
        counted = [count(len(kept), name) for name, kept in kinds if kept]
        n = count(n_loaded, "source")
        if self.errors:
            self.console.print(Text.assemble((", ".join(counted), "bold red"), ". Nothing was landed."))
        else:
            rest = f", with {counted[0]}" if counted else ""
            fit = f"{n} fit{'s' if n_loaded == 1 else ''}"
            step = f"{rest}. Next: {next_command}"
            self.console.print(Text.assemble((fit, "bold green"), step), soft_wrap=True)
        return not self.errors


def _wrapped(text: str, width: int, start: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
        break_long_words=False,
    )


def _shown(path: Path) -> str:
    """A path as a person would type it from here."""
    resolved, here = path.resolve(), Path.cwd()
    return one_line(str(resolved.relative_to(here) if resolved.is_relative_to(here) else path), 200)


def _size(n_bytes: int) -> str:
    kilobytes = n_bytes / 1000
    return f"{kilobytes:,.1f} kB" if kilobytes < _MANY_KILOBYTES else f"{kilobytes / 1000:,.1f} MB"


# ---------------------------------------------------------------- source files


def _load_all(folder: Path, report: _Report) -> list[Source]:
    paths = source_files.found_in(folder)
    if not paths:
        remedy = "Point --sources to your folder, or write one with: faultline sources new FILE"
        report.error("", f"{_shown(folder)} holds no source file (*.yml).", remedy)
    loaded: dict[str, Source] = {}
    for path in paths:
        try:
            source = source_files.load(path)
        except SourceError as error:
            for one in (error, *error.others):
                report.error(f"{_shown(path)}:{one.line}", one.problem, one.remedy)
        except ConfigurationError as error:
            report.error(f"{_shown(path)}:1", str(error), "")
        except Exception as error:  # whatever a stray file holds, the others are still checked
            report.error(
                f"{_shown(path)}:1",
                f"cannot be read ({_reason(error)}).",
                "Compare docs/connecting_an_export.md.",
            )
        else:
            for old in source.old_settings:
                report.warn(f"{_shown(path)}:{old.line}", old.problem, old.remedy)
            if source.instance in loaded:
                other = loaded[source.instance].path.name
                problem = f"source {source.instance!r} is also the name of {other}."
                report.error(f"{_shown(path)}:{_KeyLines(path).of('source')}", problem, "Rename one.")
            else:
                loaded[source.instance] = source
    return list(loaded.values())


class _KeyLines:
    """Lines of the keys of a source file that loaded well."""

    def __init__(self, path: Path) -> None:
        self._root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)

    def of(self, *keys: str) -> int:
        """Line of a key, or of its nearest parent that is written."""
        node, line = self._root, 1
        for wanted in keys:
            pairs = node.value if isinstance(node, yaml.MappingNode) else []
            found = next(((k, v) for k, v in pairs if k.value == wanted), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def _reason(error: Exception) -> str:
    """First line of a message; text in quotes may be a value and is masked."""
    first = one_line((str(error) or error.__class__.__name__).splitlines()[0], 160)
    if isinstance(error, duckdb.BinderException | duckdb.ParserException | duckdb.CatalogException):
        return first
    return re.sub(r"'[^']*'", lambda found: re.sub(r"\w", "x", found[0]), first)


# ---------------------------------------------------------------- one source


@dataclass
class _Fault:
    """Rows of one file that one field sends to quarantine for one reason; the first is the example."""

    file: str
    line: int
    masked: str
    n: int = 0
    values: list[str] = field(default_factory=list)  # never shown: for the hint which format would fit


@dataclass
class _MissingColumns:
    """Columns that one field reads and some files lack; `columns` are those of the first such file."""

    columns: dict[str, str]
    absent: dict[str, None] = field(default_factory=dict)
    found: str = ""  # of JSON, what its first document is
    files: list[str] = field(default_factory=list)


@dataclass
class _SharedKeys:
    """Keys that several rows of one file have, although some of their columns differ."""

    file: str
    n_keys: int
    key: list[str]
    columns: list[str]


@dataclass
class _Sampled:
    """What the check finds in the sampled files of one feed."""

    file_set: str
    feed: Feed
    n_files: int = 0
    n_records: int = 0
    n_kept: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    missing: dict[str, _MissingColumns] = field(default_factory=dict)  # by field
    faults: dict[tuple[str, str], list[_Fault]] = field(default_factory=dict)  # by field and reason
    words: dict[str, Counter[str]] = field(default_factory=dict)  # outside its vocabulary, by field
    rows: list[dict[str, object]] = field(default_factory=list)
    placeholders: Counter[str] = field(default_factory=Counter)
    personal: Counter[str] = field(default_factory=Counter)  # rows with a hashed or masked value, by field
    local_numbers: Counter[str] = field(default_factory=Counter)  # numbers without a country code, by field
    impossible: dict[tuple[str, str], _Fault] = field(default_factory=dict)  # by field and what is wrong
    shared_keys: _SharedKeys | None = None
    keys: duplicate_keys.Findings = field(default_factory=duplicate_keys.Findings)


class _SourceCheck:
    """The check of one source against the exports."""

    def __init__(
        self,
        source: Source,
        exports: Path,
        connection: duckdb.DuckDBPyConnection,
        scratch: Path,
        report: _Report,
    ) -> None:
        self.source, self.exports, self.connection, self.scratch = source, exports, connection, scratch
        self.report = report
        self.path = _shown(source.path)
        self.lines = _KeyLines(source.path)

    def run(self) -> dict[str, set[str]]:
        """Checks every file set; returns the names of the files that each matches."""
        document = self.source.document
        region = f", phone region {document.phone_region}" if document.phone_region else ""
        self.report.title(self.source.instance, self.path)
        self.report.line(f"centre {self.source.centre}, {document.time_zone}{region}", indent=2)
        matched = {name: self._file_set(name) for name in document.files}
        for one, other in combinations(matched, 2):
            self._compare(one, other, matched[one] & matched[other])
        return matched

    def _at(self, *keys: str) -> str:
        return f"{self.path}:{self.lines.of(*keys)}"

    def _place(self, one: _Sampled, name: str) -> str:
        """Line of a field; of its entity where a fault is of the whole record, or of the list it is in."""
        if name in one.feed.lines:
            return f"{self.path}:{one.feed.lines[name]}"
        return self._at("files", one.file_set, "feeds", one.feed.table.name)

    def _compare(self, one: str, other: str, shared: set[str]) -> None:
        first, second = ({feed.table.name for feed in self.source.feeds[name]} for name in (one, other))
        for entity in sorted(first & second) if shared else ():
            self.report.error(
                self._at("files", other, "feeds", entity),
                f"{one} and {other} both match {listed(sorted(shared), 3)} and both feed {entity}: "
                "its rows would land twice.",
                "Narrow one glob, or keep the mapping in one place.",
            )

    def _file_set(self, name: str) -> set[str]:
        options = self.source.document.files[name]
        at_glob = self._at("files", name, "glob")
        try:
            found = files.discover(self.exports, self.source, name)
        except (ValueError, NotImplementedError, OSError) as error:
            self.report.error(
                at_glob, f"cannot search for {options.glob!r} ({_reason(error)}).", "Correct the glob."
            )
            return set()
        if not found:
            self.report.line()
            self.report.line(
                f"no file matches {one_line(options.glob)}", indent=2, label=f"{one_line(name)}  "
            )
            self.report.warn(
                at_glob,
                f"no file in {_shown(self.exports)} matches {options.glob!r}.",
                self._nearest(options.glob),
            )
            return set()
        size = _size(sum({file.path: file.size for file in found}.values()))
        span = found[0].name if len(found) == 1 else f"{found[0].name} to {found[-1].name}"
        self.report.line()
        self.report.line(
            f"{count(len(found), 'file')}, {size}: {one_line(span, 160)}",
            indent=2,
            label=f"{one_line(name)}  ",
        )
        self._check_deliveries(name, found)
        self._sample(name, found)
        return {file.name for file in found}

    def _nearest(self, glob: str) -> str:
        names = [p.relative_to(self.exports).as_posix() for p in self.exports.rglob("*") if p.is_file()]
        wanted = glob.rpartition("/")[2].lower()
        by_name = {n.rpartition("/")[2].lower(): n for n in names}
        close = [by_name[n] for n in difflib.get_close_matches(wanted, list(by_name), n=2)]
        return f"Did you mean {listed(close)}?" if close else "Put the export there, or correct the glob."

    def _check_deliveries(self, name: str, found: list[ExportFile]) -> None:
        pattern = self.source.document.files[name].delivered_at_pattern
        if not pattern:
            return
        where = self._at("files", name, "delivered_at_pattern")
        try:
            undated = [file for file in found if not re.search(pattern, file.name)]
            for file in found:
                files.delivered_at(file, pattern, self.source.zone(name))
        except re.error as error:
            self.report.error(
                where,
                f"delivered_at_pattern: {pattern!r} is no pattern ({error}).",
                r"Write e.g. '(\d{4}-\d{2}-\d{2})'.",
            )
        except ValueError:
            problem = f"delivered_at_pattern: the pattern finds no real date in {one_line(file.name)}."
            self.report.error(where, problem, "Narrow the pattern to year, month and day.")
        else:
            if undated:
                names = listed(file.name for file in undated[:3])
                problem = f"delivered_at_pattern: the pattern finds no date in {names}."
                self.report.warn(where, problem, "The time the file was last changed counts instead.")

    # ------------------------------------------------------------ samples

    def _sample(self, name: str, found: list[ExportFile]) -> None:
        chosen = _spread(found, SAMPLE_FILES)
        sampled = [_Sampled(name, feed) for feed in self.source.feeds[name]]
        columns: dict[str, str] = {}
        for file in chosen:
            relation = self._look_into(name, file, sampled, SAMPLE_RECORDS)
            if relation is not None:
                columns |= _by_lower_name(relation)
                self._report_damage(name, file, relation)
        for i, one in enumerate(sampled):
            if one.feed.where and one.n_records and not one.n_kept:
                sampled[i] = _Sampled(name, one.feed)
                self._look_into(name, chosen[-1], [sampled[i]], _WIDE_RECORDS)
        for one in sampled:
            if one.n_kept:
                target = duplicate_keys.Target(self.connection, self.source, name, one.feed)
                one.keys = duplicate_keys.scan(
                    target, found, lambda file: self._origin(name, file), self.scratch
                )
            self._report(one)
        if len(chosen) < len(found):
            self.report.line(f"looked into {len(chosen)} of {len(found)} files", indent=4)
        used = {column for feed in self.source.feeds[name] for column in feed.referenced()}
        unused = [shown for lowered, shown in columns.items() if lowered not in used]
        if unused:
            self.report.line(listed(unused), indent=4, label="not used")

    def _look_into(
        self, name: str, file: ExportFile, sampled: list[_Sampled], limit: int
    ) -> FileRelation | None:
        """Maps the first records of a file for every feed; None if the file cannot be read."""
        options = self.source.document.files[name]
        needed = {column for one in sampled for read in one.feed.columns.values() for column in read}
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            try:
                if file.problem:
                    raise UnreadableFile(file.problem)
                path = samples.plain(file, Path(folder))
                kind = unsupported.kind_of(file.name, path, glob=options.glob, encoding=options.encoding)
                if kind:
                    self.report.line(f"{one_line(file.name, 160)}: {kind}", indent=4, label="ignored")
                    return None
                relation = samples.head(
                    self.connection,
                    path,
                    options,
                    Path(folder),
                    limit=limit,
                    origin=self._origin(name, file),
                    needed=needed,
                    shapes=self.source.shapes(name),
                    form=documents.layout_of_records(self.source, name) if options.is_json else None,
                )
                if any(mapping.missing_columns(one.feed, relation) for one in sampled):
                    self._stop_if_misread(path, options)
                for one in sampled:
                    self._sample_feed(name, one, file, relation)
            except UnreadableFile as error:
                self._refuse(name, file, str(error))
            except Exception as error:  # whatever a broken file raises, the others are still checked
                self._refuse(name, file, f"cannot be read: {_reason(error)}")
            else:
                return relation
        return None

    def _stop_if_misread(self, path: Path, options: FileSet) -> None:
        """Nothing of a record or a title may be shown as if it were the name of a column."""
        misread = title_rows.misreading(path, options) if options.has_header_line else ""
        if misread:
            raise UnreadableFile(misread)

    def _refuse(self, name: str, file: ExportFile, reason: str) -> None:
        problem = f"{one_line(file.name, 160)}: {one_line(reason, 300)}."
        self.report.error(self._at("files", name), problem, "A run would set the whole file aside.")

    def _report_damage(self, name: str, file: ExportFile, relation: FileRelation) -> None:
        if not relation.damage:
            return
        first, n = relation.damage[0], len(relation.damage)
        n_all = len(relation.record_lines or ()) + n
        is_error = n > quarantine.TOLERATED_SHARE * n_all
        report = self.report.error if is_error else self.report.warn
        problem = f"{one_line(first.reason, 120)}; {count(n, 'line')} of the first {n_all:,} like this."
        report(
            self._at("files", name),
            f"{one_line(file.name, 160)}:{first.line}: {problem}",
            "Check delimiter, quote and encoding." if is_error else "They go to quarantine.",
        )

    def _sample_feed(self, name: str, one: _Sampled, file: ExportFile, relation: FileRelation) -> None:
        one.n_files += 1
        feed = one.feed
        gaps = mapping.missing_columns(feed, relation)
        for name_of_field, absent in gaps.items():
            gap = one.missing.setdefault(name_of_field, _MissingColumns(_by_lower_name(relation)))
            gap.absent |= dict.fromkeys(absent)
            gap.files.append(file.name)
            if self.source.document.files[name].is_json:
                form = documents.layout_of_records(self.source, name)
                gap.found = gap.found or documents.described(relation.paths[0], form)
        if any(required in gaps for required in feed.table.required):
            return  # landing stops here too
        try:
            self._map(name, one, file, relation)
        except duckdb.Error as error:
            self._find_failing_field(name, one, file, relation, error)

    def _map(self, name: str, one: _Sampled, file: ExportFile, relation: FileRelation) -> None:
        feed = one.feed
        compiled = self._compiled(name, feed, relation)
        codes = {field for (field,) in self._rows(compiled.codes)}
        if codes:
            compiled = mapping.compile_feed(self.connection, self.source, name, feed, relation, codes=codes)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE mapped AS {compiled.landed}")
        kept = [f for f in feed.mappings if f in feed.table.landed]
        counts = ", ".join(["count(*)", *(f"count({sql.name(f)})" for f in kept)])
        n, *filled = self._rows(f"SELECT {counts} FROM mapped")[0]
        one.n_records += sum(n_all for _, n_all in self._rows(compiled.count_all))
        one.n_kept += n
        one.filled.update(dict(zip(kept, filled, strict=True)))
        if not one.rows:
            rows = self._rows(
                f"SELECT {', '.join(map(sql.name, kept))} FROM mapped WHERE NOT _bad LIMIT {_SHOWN_ROWS}"
            )
            one.rows = [dict(zip(kept, row, strict=True)) for row in rows]
        for name_of_field, words in contract.vocabularies(feed.table).items():
            if name_of_field in kept:
                one.words.setdefault(name_of_field, Counter()).update(self._unknown(name_of_field, words))
        for number in (one for one in kept if feed.table.columns[one].type == "phone"):
            status = sql.name(f"{number}_status")
            n_local = self._rows(f"SELECT count(*) FROM mapped WHERE {status} = '{hashing.NO_COUNTRY}'")[0][0]
            one.local_numbers[number] += n_local
        one.shared_keys = one.shared_keys or self._shared_keys(file, feed, kept)
        self._note_times(one, file, relation, compiled)
        marked = f"WHERE NOT _bad AND {mapping.PERSONAL} IS NOT NULL"
        for names, n_rows in self._rows(
            f"SELECT {mapping.PERSONAL}, count(*) FROM mapped {marked} GROUP BY ALL"
        ):
            one.personal.update(dict.fromkeys(names.split(","), n_rows))
        found: dict[tuple[str, str], _Fault] = {}
        for _, record, column, reason, masked in self._rows(compiled.faults):
            first = _Fault(file.name, _line_of(relation, record), masked or "")
            found.setdefault((column, reason), first).n += 1
        for (column, reason), fault in found.items():
            known = feed.table.columns.get(column)
            if known is not None and known.type in ("ts", "date", "num"):
                fault.values = self._values(feed, column, relation)
            one.faults.setdefault((column, reason), []).append(fault)

    def _note_times(
        self, one: _Sampled, file: ExportFile, relation: FileRelation, compiled: mapping.Compiled
    ) -> None:
        """Times that are placeholders, and times that contradict others of their row."""
        marks = mapping.PLACEHOLDERS
        marked = f"SELECT {marks}, count(*) FROM mapped WHERE NOT _bad AND {marks} IS NOT NULL GROUP BY ALL"
        for names, n in self._rows(marked):
            one.placeholders.update(dict.fromkeys(names.split(","), n))
        for record, column, problem in self._rows(compiled.impossible) if compiled.impossible else ():
            first = _Fault(file.name, _line_of(relation, record), "")
            one.impossible.setdefault((column, problem), first).n += 1

    def _unknown(self, column: str, words: tuple[str, ...]) -> dict[str, int]:
        """Values of a column that are no word of its vocabulary, with the number of rows."""
        status_only = " AND lower(trim(field)) = 'status'" if column == contract.STATUS_CHANGE else ""
        found = self._rows(
            f"SELECT {sql.name(column)}, count(*) FROM mapped "
            f"WHERE NOT _bad AND {sql.name(column)} IS NOT NULL{status_only} GROUP BY 1"
        )
        return {word: n for word, n in found if unknown_words.folded(word) not in words}

    def _shared_keys(self, file: ExportFile, feed: Feed, landed: list[str]) -> _SharedKeys | None:
        """Rows of a file of which only one for each key will count; none where rows are versions."""
        key = [name for name in feed.table.key if name in landed]
        if feed.table.version_at or not key:
            return None
        differing = ", ".join(
            # NULL beside a value differs as well.
            f"CASE WHEN count(DISTINCT {sql.name(c)}) > 1 OR count({sql.name(c)}) BETWEEN 1 AND count(*) - 1 "
            f"THEN {sql.text(c)} END"
            for c in landed
        )
        groups = f"FROM mapped WHERE NOT _bad GROUP BY {', '.join(map(sql.name, key))}"
        groups_that_differ = self._rows(
            "SELECT list_filter(found, lambda c: c IS NOT NULL) AS columns "
            f"FROM (SELECT [{differing}] AS found {groups}) WHERE len(columns) > 0"
        )
        columns = dict.fromkeys(column for (found,) in groups_that_differ for column in found)
        return (
            _SharedKeys(file.name, len(groups_that_differ), key, list(columns))
            if groups_that_differ
            else None
        )

    def _origin(self, name: str, file: ExportFile) -> Origin:
        pattern = self.source.document.files[name].delivered_at_pattern
        try:
            delivered_at = files.delivered_at(file, pattern, self.source.zone(name))
        except (re.error, ValueError):  # reported once for the file set
            delivered_at = file.modified_at
        return Origin(file.name, "check", delivered_at.astimezone(UTC).replace(tzinfo=None))

    def _compiled(self, name: str, feed: Feed, relation: FileRelation) -> mapping.Compiled:
        return mapping.compile_feed(self.connection, self.source, name, feed, relation)

    def _rows(self, query: str) -> list[Any]:
        return self.connection.execute(query).fetchall()

    def _values(self, feed: Feed, column: str, relation: FileRelation) -> list[str]:
        query = (
            f"SELECT DISTINCT CAST(({feed.mappings[column].expression}\n) AS VARCHAR) "
            f"FROM {relation.relation()} LIMIT {_MAX_HINT_VALUES}"
        )
        try:
            values = [str(row[0]).strip() for row in self._rows(query) if row[0] is not None]
        except duckdb.Error:  # it reads a column that this file lacks: then there is no hint
            return []
        return [value for value in values if value not in {token.strip() for token in relation.options.nulls}]

    def _find_failing_field(
        self, name: str, one: _Sampled, file: ExportFile, relation: FileRelation, error: duckdb.Error
    ) -> None:
        """Finds the field whose expression the engine refuses."""
        feed = one.feed
        rows = {name: read for name, read in feed.reads.items() if name == "rows"}
        alone = [
            Feed(feed.table, "", {f: m}, feed.lines, {f: feed.reads[f], **rows})
            for f, m in feed.mappings.items()
        ]
        if feed.where:
            first = next(iter(feed.mappings))
            # Tried last: a field that fails alone is at fault, not the filter.
            reads = {first: feed.reads[first], "where": feed.reads["where"], **rows}
            alone.append(Feed(feed.table, feed.where, {first: feed.mappings[first]}, feed.lines, reads))
        for trial in alone:
            culprit = "where" if trial.where else next(iter(trial.mappings))
            try:
                self._rows(self._compiled(name, trial, relation).landed)
            except duckdb.Error as own:
                problem = f"{feed.table.name}.{culprit} cannot be computed in {one_line(file.name, 160)}"
                where = f"{self.path}:{feed.lines[culprit]}"
                self.report.error(where, f"{problem}: {_reason(own)}.", _expression_hint(own))
                return
        self._refuse(name, file, f"cannot be read: {_reason(error)}")

    # ------------------------------------------------------------ findings of a feed

    def _report(self, one: _Sampled) -> None:
        feed = one.feed
        self._report_missing(one)
        self._report_faults(one)
        self._report_times(one)
        self._report_local_numbers(one)
        self._report_keys(one)
        self._report_words(one)
        records = f"first {count(one.n_records, 'record')}"
        if not one.n_records:
            summary = "no record could be mapped"
        elif not one.n_kept:
            summary = f"where keeps none of the {records}"
            self.report.warn(
                f"{self.path}:{feed.lines['where']}", f"{summary}.", "Check the values it names."
            )
        else:
            n_unfit = sum(fault.n for faults in one.faults.values() for fault in faults)
            chosen = f", {one.n_kept:,} kept by where" if feed.where else ""
            summary = f"{records}{chosen}, {count(n_unfit, 'value') + ' unfit' if n_unfit else 'all fit'}"
        self.report.line(f"-> {feed.table.name}: {summary}", indent=4)
        if one.n_kept:
            for label, names in (*_filled(one), *_roles(feed)):
                self.report.line(names, indent=7, label=label)
            self._report_personal(one)
            _show_rows(self.report.console, one, self.source.document.files[one.file_set])

    def _report_missing(self, one: _Sampled) -> None:
        feed = one.feed
        for name, gap in one.missing.items():
            names = " and ".join(repr(one_line(column)) for column in gap.absent)
            is_everywhere = len(gap.files) == one.n_files
            affected = f"{len(gap.files)} of {one.n_files} files: {one_line(gap.files[0], 160)}"
            more = f" and {len(gap.files) - 1} more" if len(gap.files) > 1 else ""
            where = "" if is_everywhere else f" in {affected}{more}"
            noun = "columns" if len(gap.absent) > 1 else "column"
            problem = f"{feed.table.name}.{name} reads the {noun} {names}, which the export lacks{where}."
            is_needed = name not in feed.mappings or feed.table.columns[name].is_required
            remedy = (
                _missing_columns_hint(feed, name, gap)
                if is_everywhere
                else _partly_missing_hint(gap, is_needed=is_needed)
            )
            report = self.report.error if is_everywhere or is_needed else self.report.warn
            report(self._place(one, name), problem, remedy)

    def _report_faults(self, one: _Sampled) -> None:
        for (name, reason), faults in one.faults.items():
            worst, n = max(faults, key=lambda fault: fault.n), sum(fault.n for fault in faults)
            is_missing = "missing" in reason or "blank" in reason or "expression" in reason
            # Lost digits join strangers: there is no share of them to put up with.
            is_error = reason == lost_digits.LOST or n > quarantine.TOLERATED_SHARE * max(one.n_kept, 1)
            example = f" such as {worst.masked!r} (masked)" if worst.masked and not is_missing else ""
            problem = (
                f"{one_line(worst.file, 160)}:{worst.line}: "
                f"{quarantine.sentence(one.feed.table.name, name, reason)}{example}; "
                f"{n:,} of {count(one.n_kept, 'row')} ({share(n, one.n_kept)})."
            )
            remedy = self._hint(one, name, reason, worst) if is_error else "Such rows go to quarantine."
            report = self.report.error if is_error else self.report.warn
            report(self._place(one, name), problem, remedy)

    def _report_times(self, one: _Sampled) -> None:
        table = one.feed.table.name
        for name, n in one.placeholders.items():
            rows = f"{n:,} of {count(one.n_kept, 'row')} ({share(n, one.n_kept)})"
            self.report.warn(
                self._place(one, name),
                f"{table}.{name} holds a placeholder such as 1970-01-01 in {rows}.",
                "They land without it.",
            )
        for (name, problem), fault in one.impossible.items():
            rows = f"{fault.n:,} of {count(one.n_kept, 'row')} ({share(fault.n, one.n_kept)})"
            lost = "no duration" if name.endswith("_at") else f"no {name}"
            self.report.warn(
                self._place(one, name),
                f"{table}.{name} {problem} in {rows}, e.g. {one_line(fault.file, 160)}:{fault.line}; "
                f"these get {lost}.",
                "Check which columns are mapped, their time zone, and the order of day and month.",
            )

    def _report_local_numbers(self, one: _Sampled) -> None:
        if self.source.document.phone_region:
            return
        for name, n in one.local_numbers.items():
            if n:
                self.report.warn(
                    self._place(one, name),
                    f"{one.feed.table.name}.{name} has no country code in {n:,} of "
                    f"{count(one.n_kept, 'row')} ({share(n, one.n_kept)}), which lead to no customer.",
                    "Say at the top of the source file where these numbers are dialled: `phone_region: DE`.",
                )

    def _report_keys(self, one: _Sampled) -> None:
        """Rows that share a key: of each key only one counts."""
        if one.shared_keys and not duplicate_keys.is_dated_apart(one.feed):
            self._report_shared_keys(one)  # which names the columns that differ
            return
        found, table, key = one.keys, one.feed.table, " and ".join(duplicate_keys.key_of(one.feed))
        for shared, is_within in ((found.within, True), (found.across, False)):
            if shared is None:
                continue
            first, other = (f"{one_line(p.file, 160)}:{p.line}" for p in (shared.first, shared.other))
            n_left = shared.n_rows - shared.n_lost
            counted = f"{n_left:,} of {count(shared.n_rows, 'row')} would remain"
            differs = (
                f"{table.event_at} differs"
                if duplicate_keys.is_dated_apart(one.feed)
                else "other fields differ"
            )
            message = f"{table.name}: {key} is the same in {first} and {other}, but {differs}; {counted}."
            is_said = one.feed.keep or (
                table.keep == contract.FIRST and duplicate_keys.is_dated_apart(one.feed)
            )
            if is_said:
                kept = one.feed.keep or table.keep
                n_keys = count(shared.n_keys, "key")
                self.report.line(f"{n_keys} with several rows: the {kept} of each counts", indent=7)
                continue
            is_error = duplicate_keys.is_dated_apart(one.feed) and (
                is_within or shared.n_keys > quarantine.TOLERATED_SHARE * shared.n_keys_in_all
            )
            report = self.report.error if is_error else self.report.warn
            report(self._place(one, duplicate_keys.key_of(one.feed)[0]), message, self._key_hint(one))
        if one.shared_keys and not found.within:
            self._report_shared_keys(one)

    def _key_hint(self, one: _Sampled) -> str:
        feed = one.feed
        unfilled = listed(name for name in feed.table.key if name not in feed.mappings)
        if not duplicate_keys.is_dated_apart(feed):
            return f"Only one row of each key counts: {f'fill {unfilled} too, or ' if unfilled else ''}" + (
                "choose the rows with where."
            )
        own, dated = duplicate_keys.key_of(feed)[0], feed.mappings[feed.table.event_at].expression
        made = f"left(keyed_hash('row', concat_ws('|', {feed.mappings[own].expression}, {dated})), 20)"
        return (
            f"Map a column that is unique, or make one: {own}: {scalar(made)}. "
            "Where such rows are versions of one thing, write keep: last (or first) under the entity."
        )

    def _report_shared_keys(self, one: _Sampled) -> None:
        shared_keys, table = one.shared_keys, one.feed.table
        if shared_keys is None:
            return
        unfilled = listed(name for name in table.key if name not in shared_keys.key)
        self.report.warn(
            self._place(one, shared_keys.key[0]),
            f"{one_line(shared_keys.file, 160)}: {table.name}: {' and '.join(shared_keys.key)} has "
            f"{count(shared_keys.n_keys, 'key')} whose rows differ ({listed(shared_keys.columns, 4)}).",
            f"Only one row of each counts: {f'fill {unfilled} too, or ' if unfilled else ''}"
            "choose the rows with where.",
        )

    def _report_words(self, one: _Sampled) -> None:
        table = one.feed.table
        for name, words in one.words.items():
            if not words:
                continue
            n = sum(words.values())
            known = ", ".join(contract.vocabularies(table)[name])
            self.report.warn(
                self._place(one, name),
                f"{table.name}.{name} holds words outside the vocabulary in {n:,} of "
                f"{count(one.n_kept, 'row')}: {unknown_words.named(unknown_words.shown(words))}.",
                f"They are kept, and models treat them as unknown. Map each to one of: {known}.",
            )

    def _report_personal(self, one: _Sampled) -> None:
        """Values with personal data: hashed ids join as before, a masked code has lost its label."""
        for name, n in sorted(one.personal.items()):
            column = one.feed.table.columns[name]
            how = protection.treatment(column)
            values = f"{n:,} of {count(one.filled[name], 'value')} of {name} look like"
            if column.pii == "staff":
                setting = "FAULTLINE_STAFF_IDS=clear keeps them as they are, if you may"
                self.report.line(
                    f"{values} names, logins or addresses; they are hashed. {setting}.",
                    indent=7,
                    label="private",
                )
            elif how == "hashed":
                self.report.line(f"{values} addresses; they are hashed.", indent=7, label="private")
            else:
                self.report.warn(
                    self._place(one, name),
                    f"{values} a person's name, address, number or text; they are {how}.",
                    "Map another column, or each of these values to a short label.",
                )

    def _hint(self, one: _Sampled, name: str, reason: str, fault: _Fault) -> str:
        column = one.feed.table.columns.get(name)
        comma_numbers = [v for v in fault.values if re.fullmatch(r"-?[\d.]*,\d+", v.strip())]
        if "missing" in reason or "blank" in reason:
            hint = "Fill it with coalesce(column, another), or leave such rows out with where."
        elif "expression" in reason:
            hint = _TRY_CAST
        elif reason == lost_digits.LOST:
            hint = lost_digits.EXPORT_AS_TEXT
        elif "later" in reason:
            hint = "Check the time zone, the order of day and month, and `delivered_at_pattern`."
        elif column is None:
            hint = "The mapping reads into an object or a list that such records lack: check their export."
        elif column.type in ("ts", "date"):
            own = one.feed.mappings[name].dates or self.source.document.files[one.file_set].dates
            hint = _date_hint(self.connection, fault.values, own if one.filled[name] else [])
        elif column.type == "num" and comma_numbers:
            hint = 'Set decimal: "," on the file set.'
        else:
            hint = _HINTS.get(column.type, "Map another column, or list what means nothing under nulls.")
        return hint


_TRY_CAST = "Use TRY_CAST instead of CAST: what does not fit becomes empty."
_HINTS = {
    "bool": "Map its values, e.g. {from: column, map: {Done: true, Open: false}}.",
    "int": "Map another column, or round: CAST(round(CAST(x AS DOUBLE)) AS BIGINT).",
}


def _spread(found: list[ExportFile], n: int) -> list[ExportFile]:
    """Some of the files, evenly over all of them, first and last included."""
    if len(found) <= n:
        return found
    return [found[round(i * (len(found) - 1) / (n - 1))] for i in range(n)]


def _line_of(relation: FileRelation, record: object) -> int:
    number = int(str(record))
    lines = relation.record_lines
    return lines[number - 1] if lines is not None and number <= len(lines) else number


def _by_lower_name(relation: FileRelation) -> dict[str, str]:
    return {column.lower(): column for column in relation.types}


def _missing_columns_hint(feed: Feed, name: str, gap: _MissingColumns) -> str:
    """What to do about a column that no file has."""
    if "`records:" in gap.found:
        return f"{gap.found[0].upper()}{gap.found[1:]}."
    if len(gap.columns) == 1:
        return "The header was read as one single column: is `delimiter` right?"
    expression = feed.mappings[name].expression if name in feed.mappings else feed.where
    unquoted = [gap.columns[column] for column in gap.columns if _is_unquoted(column, expression, gap)]
    if unquoted:
        return _quoting_hint(name, unquoted[0], expression)
    close = _close(gap)
    hint = f"Did you mean {listed(close)}?" if close else f"There are: {listed(gap.columns.values())}."
    column = feed.table.columns.get(name)
    is_one_word = [absent.lower() for absent in gap.absent] == [expression.strip().lower()]
    if is_one_word and column is not None and column.type in ("text", "id"):
        hint += f" A constant is written {double(sql.text(expression.strip()))}."
    return hint


def _quoting_hint(name: str, column: str, expression: str) -> str:
    quoted = sql.name(column)
    is_all = expression.strip().lower() == column.lower()
    written = f"{name}: {scalar(quoted)}" if is_all else quoted
    return f"Write {written}: a name with anything but letters, digits and _ stands in double quotes."


def _is_unquoted(column: str, expression: str, gap: _MissingColumns) -> bool:
    """Whether the expression names a column that needs quotes without them, so that it falls to pieces."""
    spelled = expression.lower()
    return (
        not _PLAIN_NAME.fullmatch(column)
        and column in spelled
        and sql.name(column) not in spelled
        and any(absent.lower() in column for absent in gap.absent)
    )


def _close(gap: _MissingColumns) -> list[str]:
    """Columns of the file that are spelled nearly like those it lacks."""
    found = (
        gap.columns[match]
        for column in gap.absent
        for match in difflib.get_close_matches(column.lower(), list(gap.columns), n=2)
    )
    return list(dict.fromkeys(found))


def _partly_missing_hint(gap: _MissingColumns, *, is_needed: bool) -> str:
    """What comes of a column that some files lack, and what to do if they only call it something else."""
    follows = "A run would set such files aside whole." if is_needed else "Their rows land without it."
    close = _close(gap)
    if len(gap.absent) > 1 or not close:
        return follows
    either = ", ".join(expression_of(column) for column in (*gap.absent, close[0]))
    return f"{follows} If it is {listed(close[:1])} there, write coalesce({one_line(either, 160)})."


def _date_hint(connection: duckdb.DuckDBPyConnection, values: list[str], useful: list[str]) -> str:
    """Which `dates` read the values; formats that read others of the column stay among them."""
    readings = date_readings(connection, values)
    if useful and readings:
        return _further_dates_hint(readings if readings != [[]] else _iso_formats(connection, values), useful)
    if len(readings) > 1:
        return _two_ways(readings)
    if readings and readings[0]:
        return f"This fits: {_dates(readings[0])}."
    if readings:
        return "These dates need no dates setting; take it away for this field."
    return "Give the format under dates with strptime codes, e.g. '%d.%m.%Y %H:%M'."


def _further_dates_hint(readings: list[list[str]], useful: list[str]) -> str:
    extended = [[*useful, *(one for one in reading if one not in useful)] for reading in readings]
    fitting = [formats for formats in extended if not {"day", "month"} <= set(map(order_of, formats))]
    if not fitting:
        return "Day and month stand in the other order there: describe such files in a file set of their own."
    if len(fitting) > 1:
        return _two_ways(fitting)
    if fitting[0] == useful:
        return "Other values there fit: correct these in the export, or leave such rows out with where."
    condition = " if the order of day and month is that of the others" if len(readings) > 1 else ""
    return f"This fits{condition}: {_dates(fitting[0])}."


def _two_ways(readings: list[list[str]]) -> str:
    return f"Two ways fit, look one date up to decide: {' or '.join(map(_dates, readings))}."


def _dates(formats: list[str]) -> str:
    return "dates: [" + ", ".join(f'"{one}"' for one in formats) + "]"


def _iso_formats(connection: duckdb.DuckDBPyConnection, values: list[str]) -> list[list[str]]:
    """Formats of dates that would need none if they stood alone: those of the same dates with dots."""
    dotted = [re.sub(r"^(\d{4})[-/](\d{1,2})[-/]", r"\1.\2.", value) for value in values]
    written = "%Y/%m/%d" if values[0][4] == "/" else "%Y-%m-%d"
    readings = date_readings(connection, dotted)
    return [[one.replace("%Y.%m.%d", written) for one in reading] for reading in readings]


def _expression_hint(error: duckdb.Error) -> str:
    if isinstance(error, duckdb.ConversionException):
        return _TRY_CAST
    return "Columns are text: CAST them to compute. A column with blanks is written '\"like this\"'."


def _filled(one: _Sampled) -> list[tuple[str, str]]:
    always = [name for name, n in one.filled.items() if n == one.n_kept]
    partly = [f"{name} {share(n, one.n_kept)}" for name, n in one.filled.items() if 0 < n < one.n_kept]
    never = [name for name, n in one.filled.items() if n == 0]
    dropped = [name for name in one.feed.mappings if name not in one.filled]
    by_label = (("filled", always), ("in part", partly), ("empty", never), ("not kept", dropped))
    return [(label, ", ".join(names)) for label, names in by_label if names]


def _roles(feed: Feed) -> list[tuple[str, str]]:
    """Axes of the map that the feed's fields become, and blind spots that stay undecided without others."""
    mapped = set(feed.mappings)
    axes, undecided = roles.axes(feed.table, mapped), roles.undecided(feed.table, mapped)
    labelled = (("on the map", axes), ("blind without", undecided))
    return [(label, ", ".join(found)) for label, found in labelled if found]


# ---------------------------------------------------------------- mapped rows


def _show_rows(console: Console, one: _Sampled, options: FileSet) -> None:
    if not one.rows:
        return
    entity = one.feed.table
    if options.header and all(name.startswith(NAMELESS) for name in options.header):
        one.rows = [_shapes(row, entity) for row in one.rows]  # what no name describes may be of anybody
    first = [name for name in one.rows[0] if name in entity.key or entity.columns[name].is_required]
    others = sorted((n for n in one.rows[0] if n not in first), key=lambda n: -one.filled[n])
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", width=_INDENT)
    room = max(console.width, _NARROWEST) - _INDENT - 2
    shown: list[str] = []
    for name in [*first, *others][:_SHOWN_COLUMNS]:
        width = max(len(name), *(len(_cell(row[name], entity.columns[name])) for row in one.rows)) + 2
        if shown and width > room:
            break
        room -= width
        shown.append(name)
        table.add_column(name, no_wrap=True)
    for row in one.rows:
        table.add_row("", *(Text(_cell(row[name], entity.columns[name])) for name in shown))
    console.print(table)


def _shapes(row: dict[str, object], entity: contract.Table) -> dict[str, object]:
    """A row with shapes in place of its texts, but for our own words."""

    def shown(column: Column, value: object) -> object:
        is_open = column.is_hashed or value in column.words or not isinstance(value, str)
        return value if is_open else shape(str(value))

    return {name: shown(entity.columns[name], value) for name, value in row.items()}


def _cell(value: object, column: Column) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return _cell(value[0], column) + (f" +{len(value) - 1}" if len(value) > 1 else "") if value else "-"
    if column.is_hashed:
        return f"{str(value)[:8]}…"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value), _MAX_CELL)


# ---------------------------------------------------------------- all sources together


def _compare_sources(loaded: list[Source], matched: list[dict[str, set[str]]], report: _Report) -> None:
    for (one, its), (other, theirs) in combinations(zip(loaded, matched, strict=True), 2):
        for name, found in theirs.items():
            shared = found & set().union(*its.values())
            if shared:
                report.warn(
                    f"{_shown(other.path)}:{_KeyLines(other.path).of('files', name, 'glob')}",
                    f"{other.instance} and {one.instance} both read {listed(sorted(shared), 3)}.",
                    "That is fine if each takes other rows or entities from them.",
                )


def _report_centres(loaded: list[Source], unusable: list[str], report: _Report) -> None:
    for centre in dict.fromkeys(source.centre for source in loaded):
        delivered = {
            source.instance: list(
                dict.fromkeys(e for feeds in source.feeds.values() for f in feeds for e in f.table.feeds)
            )
            for source in loaded
            if source.centre == centre
        }
        report.title(centre, "as a centre")
        delivers = (f"{by}: {', '.join(names)}" for by, names in delivered.items())
        report.line("; ".join(delivers), indent=2, label="delivers")
        if unusable:
            report.line(f"{listed(unusable)}: what has errors is not counted", indent=2, label="without")
        covered = {name for names in delivered.values() for name in names}
        absent: dict[str, list[str]] = {}
        for entity in contract.entities().values():
            if entity.name not in covered and not _SUBSTITUTES.get(entity.name, set()) & covered:
                for blind_spot in entity.absent:
                    absent.setdefault(blind_spot, []).append(entity.name)
        named = roles.blind_spot_names()
        blind = [f"{spot} {named[spot]} (no {', no '.join(names)})" for spot, names in sorted(absent.items())]
        for number, text in enumerate(blind or ["to nothing: every entity is delivered"]):
            report.line(text, indent=2, label=" " if number else "blind")
