"""SQL that keeps personal data out of the raw zone: what lands of each field, and where that was changed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.base import sql
from orchestration.landing import working_columns as work
from orchestration.landing.people import hashing, rules
from orchestration.sources import contract
from orchestration.sources.contract import Column, Table

# What a changed field is called by us and by vendors, by what its values are.
_CHANGED_FIELDS = {
    "staff": ("owner", "assignee_id", "assigned_to", "ownerassignment", "owneraccepted", "ownerescalated"),
    "id": ("group", "group_id", "assignment_group"),
    "word": ("status", "state", "incident_state"),
    "text": ("priority", "created", "type", "isescalated"),
}
_RULES = {
    "id": "is_personal_id",
    "staff": "is_staff_name",
    "text": "is_personal_text",
    "word": "is_personal_word",
    "label": "is_personal_label",
    "unknown": "is_personal_change",
}
_HASHED = ("id", "staff")


@dataclass(frozen=True)
class Protected:
    """SQL of what lands of a field, and of whether a rule hashes or masks it; empty where none applies."""

    value: str
    is_changed: str = ""


def of(table: Table, column: Column, centre: str, region: str, *, field: str = "") -> Protected:
    """What lands of a column, from its parsed value; `field` is SQL of the field of a change."""
    value = work.parsed(column.name)
    if column.is_hashed:
        return Protected(_identifier(centre, column, value, region))
    rule = _rule(table, column)
    if not rule:
        return Protected(value)
    flag = work.is_personal(column.name)
    if column.type == "list":
        replaced = f"list_transform({value}, lambda x: CASE WHEN {_asked(rule, 'x')} THEN "
        replaced += f"{_replaced(rule, centre, 'x')} ELSE x END)"
        is_changed = f"len(list_filter({value}, lambda x: {_asked(rule, 'x')})) > 0"
        return Protected(f"CASE WHEN {flag} THEN {replaced} ELSE {value} END", is_changed)
    if rule == "change":
        words = contract.entities()["cases"].columns["status"].words
        asked: dict[tuple[str, ...], str] = {(kind,): _asked(kind, value, words) for kind in _CHANGED_FIELDS}
        is_changed = _chosen(field, asked, _asked("unknown", value))
        replaced = _chosen(
            field, {_HASHED: hashing.hashed_id(centre, value)}, hashing.masked_text(centre, value)
        )
    else:
        is_changed = _asked(rule, value, contract.vocabularies(table).get(column.name, ()))
        replaced = _replaced(rule, centre, value)
    return Protected(f"CASE WHEN {flag} THEN {replaced} ELSE {value} END", is_changed)


def treatment(column: Column) -> str:
    """What happens to a value of the column that is personal: it is hashed, masked, or either."""
    is_id = column.pii == "staff" or (column.type == "id" and not column.pii)
    return "hashed" if is_id else "hashed or masked" if column.pii == "change" else "masked"


def _rule(table: Table, column: Column) -> str:
    if column.pii:
        return "" if column.pii == "plain" else column.pii
    if column.name in contract.vocabularies(table):
        return "channel" if column.name == "channel" else "word"
    return {"id": "id", "text": "text", "list": "text"}.get(column.type, "")


def _asked(rule: str, value: str, words: tuple[str, ...] = ()) -> str:
    """SQL of whether a value is personal by a rule; conditions that the engine tests fast come first."""
    if rule in ("word", "channel"):
        known = " ".join(
            f"WHEN {is_known} THEN false"
            for is_known in (sql.is_one_of(value, words), _is_spelling_of(value, words))
        )
        asked = f"NOT is_ordinary_label({value})" if rule == "channel" else _unless_clear(_RULES[rule], value)
        return f"CASE WHEN {value} IS NULL THEN false {known} ELSE {asked} END"
    if rule == "id":
        # Other scripts have blanks, plus and at signs of their own; their characters take more than a byte.
        marks = ("'@'", "' '", "chr(9)", "chr(10)", "chr(13)")
        asked = " OR ".join(f"contains({value}, {mark})" for mark in marks)
        asked += f" OR starts_with({value}, '+') OR strlen({value}) <> length({value})"
        return f"CASE WHEN {asked} THEN {_RULES[rule]}({value}) ELSE false END"
    return _unless_clear(_RULES[rule], value)


def _unless_clear(rule: str, value: str) -> str:
    """SQL that calls a rule, but not for values that a pattern shows to be not personal."""
    is_clear = f"regexp_full_match({value}, {sql.text(rules.NOT_PERSONAL[rule])})"
    return f"CASE WHEN {value} IS NULL OR {is_clear} THEN false ELSE {rule}({value}) END"


def _chosen(field: str, answers: dict[tuple[str, ...], str], otherwise: str) -> str:
    """SQL that chooses an answer by the name of the changed field.

    Each answer occurs once in the CASE: the engine evaluates an expression that occurs twice for every row.
    """
    if not field:
        return otherwise
    every = [name for names in _CHANGED_FIELDS.values() for name in names]
    spelled = f"CASE WHEN {sql.is_one_of(field, every)} THEN {field} ELSE {_folded(field)} END"
    chosen = ""
    for kinds, answer in answers.items():
        names = [name for kind in kinds for name in _CHANGED_FIELDS[kind]]
        chosen += f"WHEN {sql.is_one_of(spelled, names)} THEN {answer} "
    return f"CASE {chosen}ELSE {otherwise} END"


def _is_spelling_of(value: str, words: Iterable[str]) -> str:
    """SQL of whether a value is one of some words, whatever its case, blanks and dashes."""
    return f"regexp_full_match({_folded(value)}, {sql.text('|'.join(map(re.escape, words)))})"


def _folded(value: str) -> str:
    return f"trim(regexp_replace(lower({value}), '[\\s\\p{{Z}}_-]+', '_', 'g'), '_')"


def _replaced(rule: str, centre: str, value: str) -> str:
    return hashing.hashed_id(centre, value) if rule in _HASHED else hashing.masked_text(centre, value)


def _identifier(centre: str, column: Column, value: str, region: str) -> str:
    """SQL of the hash of a customer's id, number or address, or of each in a list."""
    if column.type == "phone":
        return hashing.hashed(f"phone:{centre}", f"phone_e164({value}, {region})")
    if column.type == "email":
        return hashing.hashed(f"email:{centre}", hashing.address(value))
    if column.type == "phones":
        each = hashing.hashed(f"phone:{centre}", f"phone_e164(x, {region})")
        return f"list_filter(list_transform({value}, lambda x: {each}), lambda x: x IS NOT NULL)"
    if column.type == "ids":
        each = hashing.hashed(f"customer:{centre}", "x")
        return f"list_transform({value}, lambda x: {each})"
    if column.type == "list":
        each = hashing.hashed(f"email:{centre}", hashing.address("x"))
        return f"list_transform({value}, lambda x: {each})"
    return hashing.hashed(f"customer:{centre}", value)
