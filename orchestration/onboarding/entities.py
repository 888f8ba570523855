"""Guesses which entity a file feeds, and which column fills which field."""

import difflib
from dataclasses import dataclass
from functools import cache, lru_cache

from orchestration.base import sql
from orchestration.onboarding import vocabulary
from orchestration.onboarding.columns import HALF, MAX_VALUE, MOSTLY, Column, words_of
from orchestration.sources import contract
from orchestration.sources.contract import Entity

_PROPOSE = 0.6
_LAST_RESORT, _OWN_ID = 0.68, 0.85
_EXACT, _JOINED, _REORDERED, _INSIDE = 1.0, 0.98, 0.93, 0.62
_SIMILAR = 0.85
_WHOLE = 0.9
_UNLIKELY = 0.5
_REQUIRED_FIRST = 0.03
EMPTY_FIT = 0.65
LIKELY = 0.75
_WEAKEST_NAME = 0.4
_MIN_KEYS = 20  # fewer rows cannot show whether a key repeats
_LONG_WORD = 5  # shorter ones turn up inside words they have nothing to do with
# Ids that nothing else refers to: where the file has none, the row itself can serve.
_FLAGS = {"true", "false", "yes", "no", "0", "1"}
_OF_MANY = ("customer_id", "contact_id", "case_id", "agent_id")  # no file is all of one
ROW_IDS = {"note_id", "message_id", "response_id", "usage_id"}
_MAX_ID_COLUMNS = 8


@dataclass(frozen=True)
class Match:
    """A column that may fill a field."""

    column: Column
    score: float


@dataclass(frozen=True)
class Guess:
    """An entity that the file may feed, with the columns that would fill it."""

    entity: Entity
    matches: dict[str, Match]
    made_up: dict[str, str]  # field to an expression over the file as a whole
    score: float
    where: str = ""  # SQL of the rows that are one; empty for all
    keep: str = ""  # which row of a key counts, where the contract says otherwise
    companions: tuple["Guess", ...] | None = None  # further entities of its rows, where they are known

    @property
    def absent(self) -> list[str]:
        """Required fields that nothing fills."""
        return [n for n in self.entity.required if n not in self.matches and n not in self.made_up]


@cache
def _names(entity: str, name: str) -> tuple[tuple[tuple[str, ...], float], ...]:
    """Phrases that may head the field's column, each with how far it can be trusted."""
    own = [(name, 1.0)]
    for key in (f"{entity}.{name}", name):
        for i, phrase in enumerate(vocabulary.FIELDS.get(key, ())):
            trust = _LAST_RESORT if phrase.startswith("?") else 1.0 - 0.002 * (i + 1)
            own.append((phrase.removeprefix("?"), trust))
    return tuple((words_of(phrase), trust) for phrase, trust in own)


@lru_cache(maxsize=100_000)
def _similarity(column: tuple[str, ...], phrase: tuple[str, ...]) -> float:
    joined, wanted = "".join(column), "".join(phrase)
    have, want = set(column), set(phrase)
    score = 0.0
    if joined == wanted:
        score = _EXACT if column == phrase else _JOINED
    elif have == want:
        score = _REORDERED
    elif (have - want) & vocabulary.OTHERWISE:
        score = 0.0
    elif want < have:
        score = (0.5 + 0.35 * len(phrase) / len(column)) * (0.6 if (have - want) & vocabulary.APART else 1.0)
    elif len(wanted) >= _LONG_WORD and wanted in joined:
        score = _INSIDE
    elif not (have ^ want) & vocabulary.APART:
        matcher = difflib.SequenceMatcher(None, joined, wanted)
        ratio = matcher.ratio() if matcher.real_quick_ratio() > _SIMILAR < matcher.quick_ratio() else 0.0
        score = ratio * _SIMILAR if ratio > _SIMILAR else 0.0
    return score


def _name_score(entity: Entity, name: str, column: Column, is_about_entity: bool) -> float:
    score = max(
        _similarity(own, phrase) * trust * weight
        for own, weight in column.phrases
        for phrase, trust in _names(entity.name, name)
    )
    if name in vocabulary.WHOLE and score < _WHOLE:
        return 0.0
    is_record_id = name == entity.key[0] and column.phrase in vocabulary.RECORD_IDS
    # A plain `id` is the record's own; whose record that is, only the file's name can say.
    return max(score, _OWN_ID if is_about_entity else _LAST_RESORT) if is_record_id else score


def _type_fit(name: str, kind: str, column: Column) -> float:
    """How well the values suit a field's type; an empty column can only be judged by its name."""
    if not column.counts:
        return EMPTY_FIT
    is_date = bool(column.readings) and not column.is_epoch
    is_prose = sum(map(len, column.counts)) / len(column.counts) > MAX_VALUE
    words = {v.casefold() for v in column.counts}
    fit = 1.0
    if kind in ("ts", "date"):
        has_time = column.is_epoch or any(":" in v for v in column.counts)
        fit = 0.1 if not column.readings else 1.0 if has_time == (kind == "ts") else 0.95
    elif kind == "bool" and not words <= vocabulary.BOOLEANS.keys():
        fit = _INSIDE if len(words) <= len(("yes", "no", "unknown")) else 0.1
    elif kind in ("int", "num"):
        pattern = r"[+-]?\d+(\.0+)?" if kind == "int" else r"[+-]?[\d.,]+"
        is_duration = name.endswith("_seconds") and column.is_spelled_duration
        fit = 1.0 if is_duration or (column.share(pattern) > MOSTLY and not is_date) else 0.2
    elif kind in ("phone", "phones"):
        separators = "|;," if kind == "phones" else ""
        fit = 1.0 if column.share(rf"\+?[\d\s()./+{separators}-]{{6,80}}") > HALF else 0.3
    elif kind == "email":
        fit = 1.0 if column.share(r"\S+@\S+") > HALF else 0.3
    elif name in _OF_MANY and len(column.counts) == 1 and column.n_records >= _MIN_KEYS:
        fit = 0.3  # the account of the centre, and not of a customer
    elif kind in ("id", "text"):
        fit = 0.3 if is_date or is_prose else 0.3 if kind == "id" and words <= _FLAGS else 1.0
    return fit


def guess_entities(columns: list[Column], file_words: set[str]) -> list[Guess]:
    """Every entity with the columns that would fill it, the likeliest first."""
    usable = [c for c in columns if not c.label.lower().startswith(vocabulary.LOADER_COLUMNS)]
    guesses = [_judge(entity, usable, file_words) for entity in contract.entities().values()]
    return sorted(guesses, key=lambda guess: -guess.score)


def companions(best: Guess, guesses: list[Guess]) -> list[Guess]:
    """Further entities of the same rows, such as one leg of each contact."""
    if best.companions is not None:
        return list(best.companions)
    key = best.matches.get(best.entity.key[0])
    if key is None or len(key.column.counts) < len(key.column.values):
        return []  # rows are no whole ones
    used = {match.column.expression for match in best.matches.values()}
    found = []
    for name, known in vocabulary.COMPANIONS.get(best.entity.name, {}).items():
        guess = next(guess for guess in guesses if guess.entity.name == name)
        own = {
            field: match
            for field, match in guess.matches.items()
            if field not in known and match.score >= LIKELY and match.column.expression not in used
        }
        shared = {field: best.matches[of] for field, of in known.items() if of in best.matches}
        constants = {field: of for field, of in known.items() if of not in best.entity.columns}
        sparse = [m.column.expression for f, m in own.items() if guess.entity.columns[f].is_required]
        where = " AND ".join(f"{expression} IS NOT NULL" for expression in sparse)
        one = Guess(guess.entity, {**shared, **own}, constants, guess.score, where)
        if own and not one.absent:
            found.append(one)
    return found


def _judge(entity: Entity, columns: list[Column], file_words: set[str]) -> Guess:
    is_about = bool(_entity_words(entity.name) & file_words)
    scored = []
    for column in columns:
        for name, own in entity.columns.items():
            score = 0.0 if own.pii == "drop" else _name_score(entity, name, column, is_about)
            if score >= _WEAKEST_NAME:
                score *= _type_fit(name, own.type, column)
                score *= 0.8 + 0.2 * column.filled_share if own.is_required else 1.0
            if score >= _PROPOSE:
                scored.append((score, name, column))
    # A column that fits two fields goes to the one the row cannot do without.
    scored.sort(key=lambda s: -s[0] - _REQUIRED_FIRST * entity.columns[s[1]].is_required)
    matches: dict[str, Match] = {}
    taken: set[str] = set()
    for score, name, column in scored:
        if name not in matches and column.expression not in taken:
            matches[name] = Match(column, score)
            taken.add(column.expression)
    made_up = _made_up(entity, matches, columns, file_words)
    total = sum(_weight(entity, name) * match.score for name, match in matches.items())
    n_found = sum(1.0 if name in matches else 0.6 * (name in made_up) for name in entity.required)
    total *= (n_found + 0.3) / (len(entity.required) + 0.3)
    total *= _file_factor(entity.name, file_words) * _key_factor(entity, matches, file_words)
    return Guess(entity, matches, made_up, total)


def _made_up(
    entity: Entity, matches: dict[str, Match], columns: list[Column], file_words: set[str]
) -> dict[str, str]:
    """Required fields that no column holds and the file as a whole may still answer."""
    absent = [name for name in entity.required if name not in matches]
    words = {word for column in columns for word in column.phrase} | file_words
    found: dict[str, str] = {}
    if entity.name == "contacts" and "channel" in absent and words & vocabulary.CALLS:
        found["channel"] = sql.text("voice")
    if entity.name == "surveys" and "kind" in absent and "value" in matches:
        found["kind"] = sql.text(next((kind for kind in ("nps", "ces") if kind in words), "csat"))
    for name in absent:
        decisive = [c for c in columns if c.counts and not c.parts and "." not in c.label][:_MAX_ID_COLUMNS]
        if name in ROW_IDS and decisive:
            listed = ", ".join(c.expression for c in decisive)
            # Keyed, because nobody knows which columns hold numbers or addresses.
            found[name] = f"left(keyed_hash('row', concat_ws('|', {listed})), 20)"
    return found


@cache
def _n_entities_with(name: str) -> int:
    return sum(name in entity.columns for entity in contract.entities().values())


def _weight(entity: Entity, name: str) -> float:
    """Weight of a field: the more entities have it, the less it says about which one this is."""
    return 1.0 if name in entity.key or entity.columns[name].is_required else _n_entities_with(name) ** -0.5


def _entity_words(entity: str) -> set[str]:
    return {*vocabulary.FILE_WORDS.get(entity, ()), *(w.removesuffix("s") for w in words_of(entity))}


def _file_factor(entity: str, file_words: set[str]) -> float:
    shared = _entity_words(entity) & file_words
    return 1.0 + (0.5 if shared & vocabulary.DECISIVE_FILE_WORDS else 0.3 if shared else 0.0)


def _key_factor(entity: Entity, matches: dict[str, Match], file_words: set[str]) -> float:
    """One row per case has each case once; its history has it several times."""
    first = matches.get(entity.key[0])
    if first is None:
        return 1.0
    n, n_distinct = len(first.column.values), len(first.column.counts)
    if (
        entity.name == "case_snapshots"
        and n == n_distinct
        and not file_words & vocabulary.DECISIVE_FILE_WORDS
    ):
        return _UNLIKELY  # nearly every table has an id and a time of its last update
    if n < _MIN_KEYS:
        return 1.0
    return 1.0 if (n_distinct > 0.97 * n) == (len(entity.key) == 1) else _UNLIKELY
