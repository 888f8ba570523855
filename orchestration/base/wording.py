"""Numbers and names as people read them."""

from collections.abc import Iterable

from orchestration.base.text import one_line, percent

_MAX_LISTED = 12
_MAX_NAME = 40


def count(n: int, noun: str) -> str:
    """A number of things, e.g. `1 file` or `1,200 files`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def share(n: int, total: int) -> str:
    """A share that says neither all nor none when it is only nearly so."""
    return percent(n / total if total else 0).replace(" ", "")


def listed(names: Iterable[str], limit: int = _MAX_LISTED, width: int = _MAX_NAME) -> str:
    """The first of some names from outside, safe to print, and how many more there are."""
    shown = [one_line(name, width) for name in names]
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more
