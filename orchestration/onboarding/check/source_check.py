"""Checks source files against the exports, and shows what they would deliver.

Every complaint names the line of the YAML, and where a value is at fault also the line of the file.
The very SQL of landing runs over the first records of some files, with a throw-away key for hashes
and in a temporary folder: nothing is written to the home.
"""

import difflib
import re
import secrets
import tempfile
from dataclasses import replace
from datetime import UTC
from itertools import combinations
from pathlib import Path

import duckdb
from rich.console import Console

from orchestration.base import engine
from orchestration.base.text import one_line
from orchestration.base.wording import count, listed
from orchestration.errors import ConfigurationError
from orchestration.landing import files, quarantine
from orchestration.landing.export_file import ExportFile, UnreadableFile
from orchestration.landing.people import hashing
from orchestration.landing.plan import mapping
from orchestration.landing.read import documents, unsupported
from orchestration.landing.read.relations import FileRelation, Origin
from orchestration.onboarding import roles, samples, title_rows
from orchestration.onboarding.check import duplicate_keys, hints, sampling
from orchestration.onboarding.check.feed_report import FeedReport
from orchestration.onboarding.check.report import KeyLines, Report, path_from_here, reason_of, size_in_words
from orchestration.onboarding.check.sampling import Sampled, by_lower_name
from orchestration.settings import Settings
from orchestration.sources import contract, source_files
from orchestration.sources.file_settings import FileSet
from orchestration.sources.source_errors import SourceError
from orchestration.sources.source_files import Source

SAMPLE_RECORDS = 1_000
SAMPLE_FILES = 10
_WIDE_RECORDS = 100_000  # looked through where a filter keeps none of the first ones

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
                f"cannot be read ({reason_of(error)}).",
                "Compare docs/connecting_an_export.md.",
            )
        else:
            for old in source.old_settings:
                report.warn(f"{path_from_here(path)}:{old.line}", old.problem, old.remedy)
            if source.instance in loaded:
                other = loaded[source.instance].path.name
                problem = f"source {source.instance!r} is also the name of {other}."
                report.error(f"{path_from_here(path)}:{KeyLines(path).of('source')}", problem, "Rename one.")
            else:
                loaded[source.instance] = source
    return list(loaded.values())


# ---------------------------------------------------------------- one source


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
        self.lines = KeyLines(source.path)
        self.feed_report = FeedReport(report, connection, source, self.path, self.lines)

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
                at_glob, f"cannot search for {options.glob!r} ({reason_of(error)}).", "Correct the glob."
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
        sampled = [Sampled(name, feed) for feed in self.source.feeds[name]]
        columns: dict[str, str] = {}
        for file in chosen:
            relation = self._look_into(name, file, sampled, SAMPLE_RECORDS)
            if relation is not None:
                columns |= by_lower_name(relation)
                self._report_damage(name, file, relation)
        for i, one in enumerate(sampled):
            if one.feed.where and one.n_records and not one.n_kept:
                sampled[i] = Sampled(name, one.feed)
                self._look_into(name, chosen[-1], [sampled[i]], _WIDE_RECORDS)
        for one in sampled:
            if one.n_kept:
                target = duplicate_keys.Target(self.connection, self.source, name, one.feed)
                one.keys = duplicate_keys.scan(
                    target, found, lambda file: self._origin(name, file), self.scratch
                )
            self.feed_report.show(one)
        if len(chosen) < len(found):
            self.report.line(f"looked into {len(chosen)} of {len(found)} files", indent=4)
        used = {column for feed in self.source.feeds[name] for column in feed.referenced()}
        unused = [shown for lowered, shown in columns.items() if lowered not in used]
        if unused:
            self.report.line(listed(unused), indent=4, label="not used")

    def _look_into(
        self, name: str, file: ExportFile, sampled: list[Sampled], limit: int
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
                    self._add(one, file, relation)
            except UnreadableFile as error:
                self._refuse(name, file, str(error))
            except Exception as error:  # whatever a broken file raises, the others are still checked
                self._refuse(name, file, f"cannot be read: {reason_of(error)}")
            else:
                return relation
        return None

    def _add(self, one: Sampled, file: ExportFile, relation: FileRelation) -> None:
        try:
            sampling.add(self.connection, self.source, one, file, relation)
        except duckdb.Error as error:
            failing = sampling.failing_field(self.connection, self.source, one, relation)
            if failing is None:
                self._refuse(one.file_set, file, f"cannot be read: {reason_of(error)}")
                return
            name, own = failing
            problem = f"{one.feed.table.name}.{name} cannot be computed in {one_line(file.name, 160)}"
            where = f"{self.path}:{one.feed.lines[name]}"
            self.report.error(where, f"{problem}: {reason_of(own)}.", hints.for_expression(own))

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

    def _origin(self, name: str, file: ExportFile) -> Origin:
        pattern = self.source.document.files[name].delivered_at_pattern
        try:
            delivered_at = files.delivered_at(file, pattern, self.source.zone(name))
        except (re.error, ValueError):  # reported once for the file set
            delivered_at = file.modified_at
        return Origin(file.name, "check", delivered_at.astimezone(UTC).replace(tzinfo=None))


def _spread(found: list[ExportFile], n: int) -> list[ExportFile]:
    """Some of the files, evenly over all of them, first and last included."""
    if len(found) <= n:
        return found
    return [found[round(i * (len(found) - 1) / (n - 1))] for i in range(n)]


# ---------------------------------------------------------------- all sources together


def _compare_sources(loaded: list[Source], matched: list[dict[str, set[str]]], report: Report) -> None:
    for (one, its), (other, theirs) in combinations(zip(loaded, matched, strict=True), 2):
        for name, found in theirs.items():
            shared = found & set().union(*its.values())
            if shared:
                report.warn(
                    f"{path_from_here(other.path)}:{KeyLines(other.path).of('files', name, 'glob')}",
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
