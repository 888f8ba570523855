"""Keys of JSON in the spelling of the mapping, without a change to any value."""

import json
from typing import Any

from orchestration.base import sql

Names = dict[str, "Names"]
"""Keys as a mapping spells them, each with those inside it; lists stand for their items."""
_VALUE, _SHOWN = "value", "display_value"
OF_REFERENCES = frozenset({_VALUE, _SHOWN, "link"})
"""Keys of an object that REST interfaces write in the place of a value which names another record."""


class Conflict(Exception):  # noqa: N818 - a finding about a record, not a fault of the program
    """Two spellings of one key say different things in a record."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def recast(text: str, names: Names) -> str:
    """A JSON value with the keys that the mapping reads as it spells them.

    Raises:
        Conflict: two spellings of one key have different values.
    """
    value = json.loads(
        text, parse_int=_Number, parse_float=_Number, parse_constant=_Number, object_pairs_hook=_Pairs
    )
    return _written(_named(value, names))


def recast_line(text: str, names: Names) -> tuple[str, str]:
    """The text with keys as the mapping spells them, and the reason why that cannot be (or nothing)."""
    try:
        return recast(text, names), ""
    except Conflict as conflict:
        return text, str(conflict)
    except (ValueError, RecursionError):
        return text, ""  # whoever reads it next says what is wrong


class _Pairs(list[tuple[str, Any]]):
    """The members of an object as they stand, keys that are written twice among them."""


def _named(value: Any, names: Names) -> Any:
    if not names:
        return _referred(value)
    if isinstance(value, list) and not isinstance(value, _Pairs):
        return [_named(item, names) for item in value]
    if not isinstance(value, _Pairs):
        return value
    spelled = {sql.folded(name): name for name in reversed(names)}
    groups: dict[str, list[tuple[str, Any]]] = {}
    for key, inner in value:
        groups.setdefault(sql.folded(key), []).append((key, inner))
    kept = _Pairs()
    for folded, members in groups.items():
        if folded not in spelled:
            kept.extend(members)
            continue
        name = spelled[folded]
        if len(members) > 1 and len({key for key, _ in members}) < len(members):
            kept.extend(members)  # written twice in one spelling: the reader reports it
            continue
        filled = [(key, _named(inner, names[name])) for key, inner in members if inner not in (None, "")]
        if len({_written(inner) for _, inner in filled}) > 1:
            both = " and ".join(f"`{key}`" for key, _ in filled)
            raise Conflict(f"{both} differ in one record; which of them counts nobody can say")
        kept.append((name, filled[0][1] if filled else members[0][1]))
    return kept


def _referred(value: Any) -> Any:
    """The value of a reference object, or what is shown for it; anything else as it is."""
    members = dict(value) if isinstance(value, _Pairs) else {}
    if len(members) < 2 or not members.keys() <= OF_REFERENCES:  # noqa: PLR2004 - a pair
        return value
    return members.get(_VALUE, members.get(_SHOWN))


def _written(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_written(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)
