"""Recognises a log of calls: a time, a duration and the parties of a call stand in one row."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestration.base import sql
from orchestration.onboarding import vocabulary
from orchestration.onboarding.columns import HALF, MOSTLY, Column
from orchestration.onboarding.entities import LIKELY, Guess, Match
from orchestration.onboarding.field_words import recognised
from orchestration.sources import contract

_SURE, _OWN = 0.9, 0.85
_SOME = 0.3
_MOST_IN_KEY = 8
_LINE = r"(?i:sip:|tel:)?[+\d\s()./*#-]+(@[\w.:-]+)?"
_MOST_LINES = 12  # numbers that a centre can be called at
_ID = r"[\w.:-]{6,64}"
_ID_WORDS = {"id", "uuid", "guid", "key", "sid", "uniqueid", "linkedid", "callid"}
_LONG_NUMBER = 7
_DIGITS_OF_LABEL = (4, 5, 6)
_SECONDS_AND_SERIAL = r"\d{10}\.\d+"  # such ids look like times


@dataclass(frozen=True)
class _Log:
    """What the columns of a log of calls hold."""

    started: Column
    ended: Column | None
    durations: list[Column]
    calling: Column | None
    called: Column | None
    customer: Column | None
    line: Column | None  # a number of the centre, whoever called
    direction: Column | None
    ways: dict[str, list[str]]  # its words by ours


def as_calls(columns: list[Column], guesses: list[Guess], file_words: set[str]) -> list[Guess]:
    """The guesses, with contacts and their legs at the top if the file is a log of calls."""
    by_name = {guess.entity.name: guess for guess in guesses}
    log = _log(columns, by_name["contacts"])
    if log is None or _is_another(columns, by_name, file_words):
        return guesses
    contacts = _contacts(log, columns, by_name["contacts"])
    legs = _legs(log, contacts, by_name["legs"])
    best = max(guess.score for guess in guesses)
    contacts = replace(contacts, score=best + 1, companions=(legs,) if legs else ())
    return [contacts, *(guess for guess in guesses if guess.entity.name != "contacts")]


def _is_another(columns: list[Column], by_name: dict[str, Guess], file_words: set[str]) -> bool:
    """Whether the rows are of something that calls are only mentioned in, such as tickets."""
    words = {word for column in columns for word in column.phrase} | file_words
    case = by_name["cases"].matches.get("case_id")
    is_ticket = (
        case is not None
        and case.score >= _OWN
        and case.column.is_unique
        and not _is_named(by_name, "contact_id")
    )
    return bool(words & vocabulary.NO_CALL) or is_ticket


def _is_named(by_name: dict[str, Guess], field: str) -> bool:
    match = by_name["contacts"].matches.get(field)
    return match is not None and match.score >= _OWN


# ---------------------------------------------------------------- what the columns hold


def _log(columns: list[Column], named: Guess) -> _Log | None:
    moments = [c for c in columns if _is_moment(c)] or [c for c in columns if c.readings]
    parties = [c for c in columns if _is_party(c)]
    if not moments or not any(c.is_phone or c.phone_share > _SOME for c in parties):
        return None
    started = named.matches["started_at"].column if "started_at" in named.matches else moments[0]
    started = started if started in moments else moments[0]
    if started.is_day:
        started = next((c for c in moments if started.label in c.parts), started)
    ended = named.matches["ended_at"].column if "ended_at" in named.matches else None
    if ended is None and started.is_nameless:
        comparable = [c for c in moments if c.is_epoch == started.is_epoch and not c.parts]
        ended = next((c for c in reversed(comparable) if c is not started and c.filled_share > MOSTLY), None)
    durations = [c for c in columns if _is_duration(c) and c.label not in started.parts]
    if not durations and (ended is None or not _is_moment(ended)):
        return None
    direction, ways = _direction(columns)
    customer = _first(parties, vocabulary.CUSTOMER_END)
    others = [c for c in parties if c is not customer]
    calling, called = _first(others, vocabulary.CALLING), _first(others, vocabulary.CALLED)
    if calling is None and called is None and customer is None:
        calling, called = _by_values(others)
    rest = (c for c in others if c is not calling and c is not called and c.is_phone)
    line = next((c for c in rest if _is_few(c.cells)), None)
    return _Log(started, ended, durations, calling, called, customer, line, direction, ways)


def _is_moment(column: Column) -> bool:
    is_timed = column.is_epoch or any(":" in value for value in column.counts)
    return bool(column.readings) and is_timed


def _is_party(column: Column) -> bool:
    """Whether a column holds numbers of telephones, or what else may be at one end of a call."""
    if column.readings or column.is_spelled_duration or column.parts:
        return False
    ends = set(column.phrase) & (vocabulary.CALLING | vocabulary.CALLED)
    return column.is_phone or (bool(ends) and column.phone_share > _SOME)


def _is_duration(column: Column) -> bool:
    if column.readings:
        return False
    if column.is_nameless:
        return column.is_spelled_duration
    return bool(column.duration_kind) and (column.is_spelled_duration or column.is_number)


def _direction(columns: Iterable[Column]) -> tuple[Column | None, dict[str, list[str]]]:
    """The column that says who called whom, and its words by ours."""
    best, most = None, HALF
    for column in columns:
        share = sum(n for value, n in column.counts.items() if _way(value)) / max(1, len(column.values))
        if share > most and len(column.counts) <= _MOST_LINES:
            best, most = column, share
    ways: dict[str, list[str]] = {}
    for value in best.counts if best is not None else ():
        ways.setdefault(_way(value), []).append(value)
    return best, ways


def _way(value: str) -> str:
    return recognised(value, vocabulary.VALUES["direction"], by_first_word=True)


def _first(parties: list[Column], words: frozenset[str]) -> Column | None:
    """The column of one end: filled in most records, with most numbers; of equal ones the first."""
    found = [c for c in parties if set(c.phrase) & words]
    return max(found, key=lambda c: (c.filled_share > MOSTLY, c.phone_share), default=None)


def _by_values(parties: list[Column]) -> tuple[Column | None, Column | None]:
    """Both ends by their numbers alone: those of customers are many, those of a centre few."""
    if not parties:
        return None, None
    ends = [c for c in parties if c.is_phone][:2] or parties[:1]
    many = max(ends, key=lambda c: len(c.counts))
    few = next((c for c in ends if c is not many and len(c.counts) <= _MOST_LINES), None)
    return many, few


# ---------------------------------------------------------------- fields


def _contacts(log: _Log, columns: list[Column], named: Guess) -> Guess:
    parties = {c.expression for c in (log.calling, log.called, log.customer) if c}
    times = {"started_at", "ended_at", "duration_seconds", "ani", "entry_point", "contact_id", "direction"}
    matches = {
        name: match
        for name, match in named.matches.items()
        if name not in times and match.column.expression not in parties and _is_fit(name, match)
    }
    matches["started_at"] = Match(log.started, _SURE)
    if log.ended is not None:
        matches["ended_at"] = Match(log.ended, _SURE)
    whole = _whole(log.durations, has_end=log.ended is not None)
    if whole is not None:
        matches["duration_seconds"] = Match(whole, _SURE)
    if log.direction is not None:
        matches["direction"] = Match(log.direction, _SURE)
        matches = {n: m for n, m in matches.items() if n == "direction" or m.column is not log.direction}
    ani, line = _ends(log)
    if ani is not None:
        matches["ani"] = Match(ani, _SURE)
    if line is not None:
        matches["entry_point"] = Match(line, LIKELY)
    made_up = {} if "channel" in matches else {"channel": sql.text("voice")}
    own = _own_id(log, columns, named)
    if own is None:
        made_up["contact_id"] = _key(log, columns)
    else:
        matches["contact_id"] = own
    keep = ""
    if own is not None and not own.column.is_unique:
        keep = contract.FIRST
        matches.pop("duration_seconds", None)  # of its first part only
        matches.pop("ended_at", None)
    order = {name: i for i, name in enumerate(named.entity.columns)}
    ordered = dict(sorted(matches.items(), key=lambda one: order[one[0]]))
    return Guess(named.entity, ordered, made_up, named.score, keep=keep)


def _is_fit(name: str, match: Match) -> bool:
    """Whether a name may be trusted: columns of a log of calls bear common ones, such as Type."""
    column = match.column
    if column.is_phone or column.is_spelled_duration:
        return False
    if name == "email" and not set(column.phrase) & (vocabulary.CUSTOMER_END | vocabulary.CALLING):
        return False  # it is the agent's
    if name == "channel":
        return any(recognised(v, vocabulary.VALUES["channel"], by_first_word=False) for v in column.counts)
    return name == "disposition" or match.score >= LIKELY


def _whole(durations: list[Column], *, has_end: bool) -> Column | None:
    """How long the call took: what says so, or without its end the sum of talk and what is before it."""
    by_kind: dict[str, list[Column]] = {}
    for one in durations:
        by_kind.setdefault(one.duration_kind or "whole", []).append(one)
    if "whole" in by_kind:
        return _in_seconds(by_kind["whole"][0])
    if has_end:
        return None
    if "talk" in by_kind:
        parts = [*by_kind.get("before", []), by_kind["talk"][0]]
        return _in_seconds(*parts)
    return _in_seconds(by_kind["before"][0]) if "before" in by_kind else None


def _in_seconds(*parts: Column) -> Column:
    """Durations as one column of seconds."""
    factors = [_factor(part) for part in parts]
    if len(parts) == 1 and factors[0] == 1:
        return parts[0]
    scaled = [
        f"seconds({part.expression})" + (f" * {factor:g}" if factor != 1 else "")
        for part, factor in zip(parts, factors, strict=True)
    ]
    if len(parts) > 1:
        scaled = [f"coalesce({one}, 0)" for one in scaled]
    labels = tuple(part.label for part in parts)
    return Column(labels[-1], " + ".join(scaled), parts[-1].values, parts[-1].n_records, parts=labels)


def _factor(column: Column) -> float:
    if column.is_spelled_duration and not column.is_number:
        return 1.0
    return next((vocabulary.UNITS[word] for word in column.phrase if word in vocabulary.UNITS), 1.0)


def _ends(log: _Log) -> tuple[Column | None, Column | None]:
    """The customer's number, and the line of the centre that was called."""
    inbound, outbound = (_is(log, way) for way in ("inbound", "outbound"))
    line = _line(log, inbound)
    if log.customer is not None:
        return log.customer, line
    if log.calling is None:
        return log.called if not inbound else None, None
    if inbound and outbound and log.called is not None:
        return _chosen((inbound, log.calling), (outbound, log.called)), line
    if inbound:
        is_own = not set(log.calling.phrase) & vocabulary.CALLING  # the number of whoever is not the centre
        return log.calling if is_own else _chosen((inbound, log.calling)), line
    if log.called is not None and _has_extensions(log.calling):  # which call out
        is_number = f"length(regexp_replace({log.calling.expression}, '[^0-9]', '', 'g')) > 6"
        return _chosen((is_number, log.calling), ("true", log.called)), line
    return log.calling, line


def _line(log: _Log, inbound: str) -> Column | None:
    """The line that was called, by its last digits; where the centre calls, the number is a customer's."""
    called = log.called
    if called is not None and log.direction is not None:
        ways = log.ways.get("inbound", [])
        cells = [cell for cell, way in zip(called.cells, log.direction.cells, strict=False) if way in ways]
        if _is_few(cells, least=1):
            own = _labelled(called, cells)
            return _chosen((inbound, own)) if own is not None and inbound else own
    elif called is not None and not (log.calling and _has_extensions(log.calling)) and _is_few(called.cells):
        return _labelled(called, called.cells)
    return _labelled(log.line, log.line.cells) if log.line is not None else None


def _has_extensions(calling: Column) -> bool:
    return calling.share(r"\d{2,6}") > 0


def _is_few(cells: Iterable[str | None], *, least: int = 3) -> bool:
    """Whether these are numbers of a centre: few, and each was called so often at least."""
    counts = Counter(cell for cell in cells if cell)
    is_repeated = 0 < len(counts) <= min(_MOST_LINES, counts.total() / 3) and min(counts.values()) >= least
    return is_repeated and all(re.fullmatch(_LINE, cell) for cell in counts)


def _labelled(line: Column, cells: Iterable[str | None]) -> Column | None:
    """Numbers by as many last digits as distinguish them: a whole number would be masked while landing."""
    numbers = {cell for cell in cells if cell}
    for n in _DIGITS_OF_LABEL:
        labels = {number[-n:] for number in numbers}
        if len(labels) == len(numbers) and all(map(str.isdigit, labels)):
            return replace(line, expression=f"right({line.expression}, {n})", parts=(line.label,))
    return None


def _is(log: _Log, way: str) -> str:
    """SQL of whether a call went that way; empty if the file does not say."""
    if log.direction is None or way not in log.ways:
        return ""
    return f"{log.direction.expression} IN ({', '.join(map(sql.text, log.ways[way]))})"


def _chosen(*cases: tuple[str, Column]) -> Column:
    """One column of several, by a condition for each."""
    listed = " ".join(f"WHEN {condition} THEN {column.expression}" for condition, column in cases)
    first, labels = cases[0][1], tuple(column.label for _, column in cases)
    expression = f"CASE {listed} END".replace("WHEN true THEN", "ELSE")
    return Column(first.label, expression, first.values, first.n_records, parts=labels)


# ---------------------------------------------------------------- ids


def _own_id(log: _Log, columns: list[Column], named: Guess) -> Match | None:
    """The id of the call; never a number that somebody can be called at."""
    ends = [c for c in (log.calling, log.called, log.customer) if c is not None]
    match = named.matches.get("contact_id")
    if match is not None and match.column.filled_share > MOSTLY and not _holds_number(match.column, ends):
        return match
    taken = {c.expression for c in ends}
    for column in columns:
        is_id = column.is_unique and column.share(_ID) == 1 and column.share(r".*\d.*") == 1
        is_time = bool(column.readings) and column.share(_SECONDS_AND_SERIAL) < 1
        is_other = is_time or column.parts or column.is_spelled_duration or column.expression in taken
        is_called_so = bool(set(column.phrase) & _ID_WORDS) or column.is_nameless
        if is_id and is_called_so and not is_other and not _holds_number(column, ends):
            return Match(column, LIKELY)
    return None


def _holds_number(column: Column, ends: list[Column]) -> bool:
    """Whether an id is or contains the number of an end of its call, as those of some systems do."""
    numbers = [
        (own, re.sub(r"\D", "", n or ""))
        for end in ends
        for own, n in zip(column.cells, end.cells, strict=False)
    ]
    return column.is_phone or any(len(n) >= _LONG_NUMBER and n in (own or "") for own, n in numbers)


def _key(log: _Log, columns: list[Column]) -> str:
    """SQL of an id made of the row: of when, who and how long, and of more until no two rows share it."""
    by_label = {column.label: column for column in columns if not column.parts}
    times = [by_label[label] for label in log.started.parts if label in by_label] or [log.started]
    ends = [c for c in (log.calling, log.called, log.customer, log.direction) if c is not None]
    first = list({c.expression: c for c in (*times, *ends, *log.durations[:1])}.values())
    rest = [c for c in by_label.values() if c.cells and c.counts and c not in first]
    chosen = first
    for more in (None, *rest):
        chosen = [*chosen, more] if more is not None else chosen
        keys = list(zip(*(c.cells for c in chosen), strict=False))
        if len(set(keys)) == len(keys) or len(chosen) >= _MOST_IN_KEY:
            break
    listed = ", ".join(c.expression for c in chosen)
    return f"left(keyed_hash('call', concat_ws('|', {listed})), 20)"


def _legs(log: _Log, contacts: Guess, named: Guess) -> Guess | None:
    """Who handled the calls: one leg each, or one a row where the rows have an order."""
    used = {match.column.expression for match in contacts.matches.values()}
    known = {"contact_id", "leg_seq", "started_at", "ended_at", "duration_seconds"}
    own = {
        name: match
        for name, match in named.matches.items()
        if name not in known
        and (match.score >= LIKELY or name in ("queue_id", "agent_id"))
        and match.column.expression not in used
        and not match.column.is_phone
        and match.column.expression not in {c.expression for c in (log.calling, log.called) if c}
    }
    for name, kind in (("talk_seconds", "talk"), ("hold_seconds", "hold"), ("wrap_up_seconds", "wrap")):
        match = own.pop(name, None)
        if match is not None and match.column in log.durations:
            own[name] = Match(_in_seconds(match.column), match.score)
        elif kind == "talk":
            talk = [c for c in log.durations if c.duration_kind == "talk"]
            own |= {name: Match(_in_seconds(talk[0]), LIKELY)} if talk else {}
    if not own.keys() & {"queue_id", "agent_id"}:
        return None
    made_up = {"leg_seq": "1"}
    matches = dict(own)
    if contacts.keep:
        sequence = named.matches.get("leg_seq")
        if sequence is None:
            return None
        matches["leg_seq"], made_up = sequence, {}
    for name in ("contact_id", "started_at", "ended_at", "duration_seconds"):
        if name in contacts.matches:
            matches[name] = contacts.matches[name]
        elif name in contacts.made_up:
            made_up[name] = contacts.made_up[name]
    order = {name: i for i, name in enumerate(named.entity.columns)}
    ordered = dict(sorted(matches.items(), key=lambda one: order[one[0]]))
    return Guess(named.entity, ordered, made_up, named.score)
