"""Writes the draft of a source file."""

import glob
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from orchestration.base.text import double, folded, one_line, percent, scalar, shape
from orchestration.landing.people import rules
from orchestration.landing.plan import lost_digits
from orchestration.onboarding import vocabulary
from orchestration.onboarding.columns import Column
from orchestration.onboarding.dates import DATE_IN_FILE_NAME, order_of
from orchestration.onboarding.entities import EMPTY_FIT, LIKELY, ROW_IDS, Guess, Match, companions
from orchestration.onboarding.field_words import recognised
from orchestration.onboarding.formats import DetectedFormat
from orchestration.sources.contract import FIRST

_SURE = 0.9
_UNCLEAR = 0.8  # a total below this comes from one or two common names
_SOME = 0.2
_SHOWN_UNUSED = 60
_SHOWN_PAIRS = 6
_WITH_OFFSET = r".*\d:\d\d.*([+-]\d{2}(:?\d{2})?|[Zz])"


@dataclass(frozen=True)
class Writer:
    """Puts the draft together.

    `repeats` says of entities whose key repeats in the file how many keys there are in how many rows, or None
    where that could not be read. `left_out` is SQL of the rows that are no totals, empty where all are.
    """

    file: Path
    source: str
    exports: Path | None
    detected: DetectedFormat
    columns: list[Column]
    guesses: list[Guess]
    repeats: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    left_out: str = ""

    @property
    def best(self) -> Guess:
        """The entity that the draft is written for."""
        return self.guesses[0]

    @cached_property
    def _feeds(self) -> list[Guess]:
        return [self.best, *companions(self.best, self.guesses)]

    def _columns_of(self, *types: str) -> list[Column]:
        """Columns that fill fields of these types."""
        return [
            match.column
            for feed in self._feeds
            for name, match in feed.matches.items()
            if feed.entity.columns[name].type in types
        ]

    def text(self) -> str:
        """The draft."""
        feeds = [line for feed in self._feeds for line in self._feed(feed)]
        lines = [*self._top(), *self._files(), *self._runner_up(), *feeds, *self._unused()]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def _top(self) -> list[str]:
        n = self.columns[0].n_records if self.columns else 0
        records = f"{n:,} record{'' if n == 1 else 's'}"
        lines = [
            f"# Draft for {one_line(self.file.name)}, made from its first {records}.",
            "# Look at every line marked <- , then run: faultline sources check",
        ]
        lines += [f"# <- {warning}" for warning in self.detected.warnings]
        filled = [column for column in self._columns_of("ts") if column.counts]
        has_offsets = bool(filled) and all(c.is_epoch or c.share(_WITH_OFFSET) == 1 for c in filled)
        zone = "every stamp carries its offset; days are cut in this zone"
        if not has_offsets:
            zone = "<- zone of stamps that carry no offset, e.g. Europe/Berlin"
        lines += [
            f"source: {self.source}",
            "# centre: my_centre # sources of one centre are read together; without it this one stands alone",
            "connector: mapped",
            f"time_zone: UTC # {zone}",
        ]
        if self._columns_of("phone", "phones"):
            lines.append("# phone_region: DE # <- country of phone numbers that carry no country code")
        return lines

    def _files(self) -> list[str]:
        options = self.detected.options
        pattern, delivered, remark = self._glob()
        lines = [
            "files:",
            f"  {self.best.entity.name}:",
            f"    glob: {scalar(pattern)}{remark}",
            f"    format: {options.format}",
        ]
        if options.sheet:
            lines.append(f"    sheet: {scalar(options.sheet)}")
        if options.records:
            lines.append(f"    records: {scalar(options.records)} # where the records stand in each document")
        if options.format == "csv" and options.delimiter != ",":
            lines.append(f"    delimiter: {double(options.delimiter)}")
        if options.format in ("csv", "tsv") and options.quote != '"':
            lines.append(f"    quote: {double(options.quote)}")
        lines += self._header()
        if options.encoding != "utf-8" or "encoding" in self.detected.remarks:
            remark = self.detected.remarks.get("encoding", "")
            name = {"cp1252": "windows-1252"}.get(options.encoding, options.encoding)
            lines.append(f"    encoding: {name}" + (f" # {remark}" if remark else ""))
        remark = self.detected.remarks.get("nulls", "")
        if options.nulls != [""]:
            listed = ", ".join(double(token) for token in options.nulls)
            lines.append(f"    nulls: [{listed}]" + (f" # {remark}" if remark else ""))
        elif remark:
            lines.append(f'    # nulls: [""] # {remark}')
        lines += self._decimal() + self._separator()
        if self._shared_dates:
            lines.append(f"    dates: [{', '.join(map(double, self._shared_dates))}]")
        if delivered:
            lines.append(f"    delivered_at_pattern: {scalar(delivered)} # the date in the name")
        return [*lines, "    feeds:"]

    def _header(self) -> list[str]:
        """Where the names of the columns stand."""
        options, lines = self.detected.options, []
        if options.skip:
            lines.append(
                f"    skip: {options.skip} # lines above the {'records' if options.header else 'names'}"
            )
        if options.header:
            remark = "<- no line of names was found, so columns are named by their position"
            lines += [f"    # {remark}", f"    header: [{', '.join(options.header)}]"]
        if options.header_rows > 1:
            lines.append(f"    header_rows: {options.header_rows} # joined to one name a column")
        return lines

    def _glob(self) -> tuple[str, str, str]:
        """Glob, pattern of the delivery date and a remark on the glob."""
        folder = "**/"
        if self.exports is not None and self.file.resolve().is_relative_to(self.exports.resolve()):
            parent = self.file.resolve().relative_to(self.exports.resolve()).parent.as_posix()
            folder = "" if parent == "." else f"{glob.escape(parent)}/"
        dated = DATE_IN_FILE_NAME.search(self.file.stem)
        if dated is None:
            return folder + glob.escape(self.file.name), "", ""
        start, end = dated.span()
        pattern = glob.escape(self.file.name[:start]) + "*" + glob.escape(self.file.name[end:])
        has_day = re.fullmatch(r"\d{4}[-_.]?\d{2}[-_.]?\d{2}.*", dated[0])
        delivered = r"(\d{4}[-_.]?\d{2}[-_.]?\d{2})" if has_day else ""
        return folder + pattern, delivered, " # <- every file of this shape; the date became *"

    def _decimal(self) -> list[str]:
        numbers = self._columns_of("num")
        with_comma = [c for c in numbers if c.share(r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d+") > _SOME]
        with_point = [c for c in numbers if c.share(r"[+-]?\d+\.\d+|[+-]?\d{1,3}(,\d{3})+\.\d+") > _SOME]
        if not with_comma or with_point:
            return []
        if all(c.share(r"[+-]?\d{1,3}(,\d{3})+|[+-]?\d+") == 1 for c in with_comma):
            return ['    # decimal: "," # <- does 1,234 mean a bit more than one here? Then free this line']
        return ['    decimal: ","']

    def _separator(self) -> list[str]:
        for name, match in self.best.matches.items():
            if self.best.entity.columns[name].type in ("list", "phones"):
                seen = [s for s in "|;," if any(s in v for v in match.column.counts)]
                if seen and seen[0] != "|":
                    return [f"    list_separator: {double(seen[0])} # between the values of {name}"]
        return []

    @cached_property
    def _shared_dates(self) -> list[str]:
        """The formats of all time columns together, if they agree and need any."""
        times = self._columns_of("ts", "date")
        readings = {tuple(self._settled(column)[0]) for column in times if column.counts}
        if any(len(self._settled(c)) > 1 for c in times) or len(readings) != 1:
            return []
        return list(readings.pop())

    def _settled(self, column: Column) -> list[list[str]]:
        """The readings of a column; where both orders fit, another column of the file may decide."""
        readings = column.readings or [[]]
        if len(readings) <= 1:
            return readings
        orders = {
            order_of(c.readings[0][0])
            for c in self.columns
            if len(c.readings) == 1 and c.readings[0] and c.readings[0][0] in {f for r in readings for f in r}
        } - {""}
        if len(orders) != 1:
            return readings
        return [r for r in readings if {order_of(f) for f in r} <= orders | {""}] or readings

    def _feed(self, feed: Guess) -> list[str]:
        entity = feed.entity
        lines = [f"      {entity.name}: # one row per {entity.grain.removeprefix('one ')}"]
        where = " AND ".join(filter(None, (self.left_out, feed.where)))
        remark = " # leaves out totals and remarks" if self.left_out else ""
        body = [f"        where: {scalar(where)}{remark}"] if where else []
        if feed.keep:
            body.append(f"        keep: {feed.keep} # several rows share an id; the first says when it began")
        for name in entity.columns:
            if name in feed.matches:
                body += self._field(feed, name, feed.matches[name])
            elif name in feed.made_up:
                missing = f"the file does not say; {_explained(feed, name)}"
                why = "no column names the row" if name in (*ROW_IDS, "contact_id") else missing
                body.append(f"        {name}: {scalar(feed.made_up[name])} # <- a guess: {why}")
        if not body:
            lines[-1] = f"      {entity.name}: {{}} # <- no column was recognised; fill in the lines below"
        needed = feed.absent
        if needed:
            body.append(
                "        # <- Needed before this file can be used. Name a column or an expression for each:"
            )
            body += [f"        # {name}:  # {_explained(feed, name)}" for name in needed]
        settled = {*feed.matches, *feed.made_up, *needed}
        others = [n for n, own in entity.columns.items() if n not in settled and own.pii != "drop"]
        if others:
            body += folded("        # Not found, not needed: " + ", ".join(others), "        #   ")
        return lines + body

    def _runner_up(self) -> list[str]:
        lines = []
        if self.best.score < _UNCLEAR:
            lines.append(
                "      # <- The columns speak for no entity clearly. All of them: docs/source_contract.md"
            )
        described = {feed.entity.name for feed in self._feeds}
        second = next(guess for guess in self.guesses if guess.entity.name not in described)
        if second.score > 0.25 * self.best.score and second.matches:
            pairs = [f"{n} from {one_line(m.column.label, 30)}" for n, m in second.matches.items()]
            more = [f"and {len(pairs) - _SHOWN_PAIRS} more"] if len(pairs) > _SHOWN_PAIRS else []
            known = ", ".join(pairs[:_SHOWN_PAIRS] + more)
            lines += folded(f"      # Second guess: {second.entity.name} ({known})", "      #   ")
        return lines

    def _field(self, feed: Guess, name: str, match: Match) -> list[str]:
        column = match.column
        kind = feed.entity.columns[name].type
        remark = _remark(feed, name, match, *self._key_remark(feed, name))
        expression = scalar(column.expression)
        settled = self._settled(column) if kind in ("ts", "date") else [[]]
        dates: list[str] = []
        if len(settled) > 1:
            remark = "<- day or month first? The values allow both: look one up, then free the right line"
            dates = [f"          # dates: [{', '.join(map(double, r))}]" for r in settled]
        elif settled[0] and settled[0] != self._shared_dates:
            dates = [f"          dates: [{', '.join(map(double, settled[0]))}]"]
        if len(column.readings) > 1 and len(settled) == 1 and kind in ("ts", "date"):
            remark += "; the order of day and month is that of another column"
        mapped = _value_map(feed, name, column)
        if not dates and not mapped:
            return [f"        {name}: {expression} # {remark}"]
        return [f"        {name}: # {remark}", f"          from: {expression}", *dates, *mapped]

    def _key_remark(self, feed: Guess, name: str) -> list[str]:
        """Why a field is no sure key: of rows that share one only one counts."""
        entity = feed.entity
        if name != entity.key[0] or entity.name not in self.repeats:
            return []
        counted = self.repeats[entity.name]
        if counted is None:
            return ["likely", "whether it is unique in the whole file could not be read"]
        n_keys, n_rows = counted
        kept = "first" if FIRST in (feed.keep, entity.keep) else "last"
        note = f"{n_keys:,} different keys in {n_rows:,} rows, and of each only the {kept} row counts"
        return ["likely" if kept == "first" else "<- a guess", note]

    def _unused(self) -> list[str]:
        matched = [match.column for feed in self._feeds for match in feed.matches.values()]
        used = {label for column in matched for label in (column.label, *column.parts)}
        left = [column for column in self.columns if column.label not in used and not column.parts]
        if not left:
            return []
        lines = [
            "",
            "# Columns not used: share filled, distinct values, shape of a value (letters x, digits 9)",
        ]
        width = min(34, max(len(one_line(c.label, 34)) for c in left))
        for column in left[:_SHOWN_UNUSED]:
            share = percent(column.filled_share) if column.n_records else "-"
            name, n = one_line(column.label, 34), len(column.counts)
            lines.append(f"#   {name:<{width}} {share:>5} {n:>7,}  {_trivial(column)}")
        if len(left) > _SHOWN_UNUSED:
            lines.append(f"#   and {len(left) - _SHOWN_UNUSED} more")
        return lines


def _explained(feed: Guess, name: str) -> str:
    column = feed.entity.columns[name]
    if column.words or column.note:
        return ", ".join(column.words) or column.note
    words = {"ts": "a date and time", "date": "a date", "int": "a whole number", "num": "a number"}
    words |= {"id": "an identifier", "text": "text", "bool": "yes or no"}
    return (
        vocabulary.EXPLANATIONS.get(name)
        or f"{words.get(column.type, column.type)}: {name.replace('_', ' ')}"
    )


def _remark(feed: Guess, name: str, match: Match, *doubts: str) -> str:
    """How far to trust a field; `doubts` are the trust that its values leave, and why."""
    column = match.column
    score = match.score if column.counts else match.score / EMPTY_FIT
    parts = ["sure" if score >= _SURE else "likely" if score >= LIKELY else "<- a guess"]
    if doubts:
        parts = list(doubts)
    if not column.counts:
        parts.append("empty in the sample")
    elif column.filled_share < 1:
        share = percent(1 - column.filled_share)
        is_needed = feed.entity.columns[name].is_required and not feed.where
        effect = ": such rows go to quarantine" if is_needed else ""
        parts.append(f"{'<- ' if effect else ''}empty in {share}{effect}")
    bent = lost_digits.lost(column.counts) if feed.entity.columns[name].type == "id" else []
    if bent:
        n = f"{len(bent)} of {len(column.counts)} values"
        parts.append(f"<- digits are lost in {n} such as {shape(bent[0])}: export the column as text")
    if name.endswith("_seconds") and column.share(r"\d+:\d\d") > _SOME:
        parts.append("<- 6:12 is taken for minutes and seconds")
    if feed.entity.columns[name].is_hashed:
        parts.append("hashed while landing")
    return "; ".join(parts)


def _value_map(feed: Guess, name: str, column: Column) -> list[str]:
    """`map:` for values that others write differently, and comments on those nobody recognised."""
    words = _vocabulary(feed, name)
    if not words or not column.counts:
        return []
    is_harmless = name == "field" or not column.has_personal_name
    is_shown = column.is_short and is_harmless and not column.has_personal_values and not column.is_nameless
    known, unknown = {}, []
    for value in sorted(column.counts):
        ours = recognised(value, words, by_first_word=is_shown)
        if not ours:
            unknown.append(value)
        elif ours != value and not (
            feed.entity.columns[name].type == "bool" and value.casefold() in vocabulary.LANDED_BOOLEANS
        ):
            known[value] = ours
    choices = ", ".join(dict.fromkeys(words.values()))
    lines = ["          map:"] if known else []
    lines += [f"            {scalar(value)}: {ours}" for value, ours in known.items()]
    start = "            " if known else "          # map: "
    if unknown and is_shown:
        lines.append(f"{start}# <- put one of these behind each value: {choices}")
        people = [value for value in unknown if rules.is_personal_word(value)]
        lines += [f"            # {scalar(one_line(value))}:" for value in unknown if value not in people]
        if people:
            lines.append(f"            # not shown because they hold personal data: {len(people)}")
    elif unknown:
        share = f"{len(unknown)} of {len(column.counts)} values are"
        lines.append(f"{start}# <- {share} none of ours yet; ours: {choices}")
    return lines


def _vocabulary(feed: Guess, name: str) -> dict[str, str]:
    """What others call our words for a field, to our word."""
    column = feed.entity.columns[name]
    if column.type == "bool":
        return vocabulary.BOOLEANS
    own = vocabulary.VALUES.get(f"{feed.entity.name}.{name}", vocabulary.VALUES.get(name))
    return own or {word.replace("_", " "): word for word in column.words}


def _trivial(column: Column) -> str:
    """Yes-or-no values as they are, everything else as a shape."""
    if not column.counts:
        return ""
    if {v.casefold() for v in column.counts} <= vocabulary.LANDED_BOOLEANS:
        return " / ".join(sorted(column.counts))
    return shape(column.counts.most_common(1)[0][0])
