"""Checks source files against the exports, and shows what they would deliver.

Every complaint names the line of the YAML, and where a value is at fault also the line of the file.
The very SQL of landing runs over the first records of some files, with a throw-away key for hashes
and in a temporary folder: nothing is written to the home.
"""

import difflib
import re
import secrets
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC
from itertools import combinations
from pathlib import Path
from typing import Any

import duckdb
import yaml
from rich.console import Console

from orchestration.base import engine, sql
from orchestration.base.text import one_line, scalar
from orchestration.base.wording import count, listed, share
from orchestration.errors import ConfigurationError
from orchestration.landing import files, quarantine, unknown_words
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.people import hashing, protection
from orchestration.landing.plan import lost_digits, mapping
from orchestration.landing.read import documents, unsupported
from orchestration.landing.read.relations import FileRelation, Origin
from orchestration.onboarding import roles, samples, title_rows
from orchestration.onboarding.check import duplicate_keys, hints
from orchestration.onboarding.check.report import Report, path_from_here, show_rows, size_in_words
from orchestration.settings import Settings
from orchestration.sources import contract, source_files
from orchestration.sources.file_settings import FileSet
from orchestration.sources.source_errors import SourceError
from orchestration.sources.source_files import Feed, Source

SAMPLE_RECORDS = 1_000
SAMPLE_FILES = 10
_WIDE_RECORDS = 100_000  # looked through where a filter keeps none of the first ones
_SHOWN_ROWS = 3
_MAX_HINT_VALUES = 1_000

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
    report = Report(console)
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


# ---------------------------------------------------------------- source files


def _load_all(folder: Path, report: Report) -> list[Source]:
    paths = source_files.found_in(folder)
    if not paths:
        remedy = "Point --sources to your folder, or write one with: faultline sources new FILE"
        report.error("", f"{path_from_here(folder)} holds no source file (*.yml).", remedy)
    loaded: dict[str, Source] = {}
    for path in paths:
        try:
            source = source_files.load(path)
        except SourceError as error:
            for one in (error, *error.others):
                report.error(f"{path_from_here(path)}:{one.line}", one.problem, one.remedy)
        except ConfigurationError as error:
            report.error(f"{path_from_here(path)}:1", str(error), "")
        except Exception as error:  # whatever a stray file holds, the others are still checked
            report.error(
                f"{path_from_here(path)}:1",
                f"cannot be read ({_reason(error)}).",
                "Compare docs/connecting_an_export.md.",
            )
        else:
            for old in source.old_settings:
                report.warn(f"{path_from_here(path)}:{old.line}", old.problem, old.remedy)
            if source.instance in loaded:
                other = loaded[source.instance].path.name
                problem = f"source {source.instance!r} is also the name of {other}."
                report.error(f"{path_from_here(path)}:{_KeyLines(path).of('source')}", problem, "Rename one.")
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
    missing: dict[str, hints.MissingColumns] = field(default_factory=dict)  # by field
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
        report: Report,
    ) -> None:
        self.source, self.exports, self.connection, self.scratch = source, exports, connection, scratch
        self.report = report
        self.path = path_from_here(source.path)
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
                f"no file in {path_from_here(self.exports)} matches {options.glob!r}.",
                self._nearest(options.glob),
            )
            return set()
        size = size_in_words(sum({file.path: file.size for file in found}.values()))
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
            gap = one.missing.setdefault(name_of_field, hints.MissingColumns(_by_lower_name(relation)))
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
                self.report.error(where, f"{problem}: {_reason(own)}.", hints.for_expression(own))
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
            options = self.source.document.files[one.file_set]
            show_rows(self.report.console, one.rows, one.filled, feed.table, options)

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
                hints.for_missing_columns(feed, name, gap)
                if is_everywhere
                else hints.for_partly_missing_columns(gap, is_needed=is_needed)
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
            hint = hints.TRY_CAST
        elif reason == lost_digits.LOST:
            hint = lost_digits.EXPORT_AS_TEXT
        elif "later" in reason:
            hint = "Check the time zone, the order of day and month, and `delivered_at_pattern`."
        elif column is None:
            hint = "The mapping reads into an object or a list that such records lack: check their export."
        elif column.type in ("ts", "date"):
            own = one.feed.mappings[name].dates or self.source.document.files[one.file_set].dates
            hint = hints.for_dates(self.connection, fault.values, own if one.filled[name] else [])
        elif column.type == "num" and comma_numbers:
            hint = 'Set decimal: "," on the file set.'
        else:
            hint = hints.BY_TYPE.get(
                column.type, "Map another column, or list what means nothing under nulls."
            )
        return hint


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


# ---------------------------------------------------------------- all sources together


def _compare_sources(loaded: list[Source], matched: list[dict[str, set[str]]], report: Report) -> None:
    for (one, its), (other, theirs) in combinations(zip(loaded, matched, strict=True), 2):
        for name, found in theirs.items():
            shared = found & set().union(*its.values())
            if shared:
                report.warn(
                    f"{path_from_here(other.path)}:{_KeyLines(other.path).of('files', name, 'glob')}",
                    f"{other.instance} and {one.instance} both read {listed(sorted(shared), 3)}.",
                    "That is fine if each takes other rows or entities from them.",
                )


def _report_centres(loaded: list[Source], unusable: list[str], report: Report) -> None:
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
