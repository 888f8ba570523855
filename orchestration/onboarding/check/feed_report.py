"""Says what the sampled records of a feed show: which fields fit, what does not, and what to do."""

import re
from dataclasses import dataclass

import duckdb

from orchestration.base.text import one_line, scalar
from orchestration.base.wording import count, listed, share
from orchestration.landing import quarantine, unknown_words
from orchestration.landing.people import protection
from orchestration.landing.plan import lost_digits
from orchestration.onboarding import roles
from orchestration.onboarding.check import duplicate_keys, hints
from orchestration.onboarding.check.report import KeyLines, Report, show_rows
from orchestration.onboarding.check.sampling import Fault, Sampled
from orchestration.sources import contract
from orchestration.sources.source_files import Feed, Source


@dataclass(frozen=True)
class FeedReport:
    """Reports on the feeds of one source; `path` is its file as messages show it."""

    report: Report
    connection: duckdb.DuckDBPyConnection
    source: Source
    path: str
    lines: KeyLines

    def show(self, one: Sampled) -> None:
        """Reports what does not fit, then which fields are filled, and some rows."""
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

    def _report_missing(self, one: Sampled) -> None:
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

    def _report_faults(self, one: Sampled) -> None:
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

    def _report_times(self, one: Sampled) -> None:
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

    def _report_local_numbers(self, one: Sampled) -> None:
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

    def _report_keys(self, one: Sampled) -> None:
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

    def _key_hint(self, one: Sampled) -> str:
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

    def _report_shared_keys(self, one: Sampled) -> None:
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

    def _report_words(self, one: Sampled) -> None:
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

    def _report_personal(self, one: Sampled) -> None:
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

    def _hint(self, one: Sampled, name: str, reason: str, fault: Fault) -> str:
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

    def _place(self, one: Sampled, name: str) -> str:
        """Line of a field; of its entity where a fault is of the whole record, or of the list it is in."""
        if name in one.feed.lines:
            return f"{self.path}:{one.feed.lines[name]}"
        return f"{self.path}:{self.lines.of('files', one.file_set, 'feeds', one.feed.table.name)}"


def _filled(one: Sampled) -> list[tuple[str, str]]:
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
