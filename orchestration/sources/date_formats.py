"""Date formats of a source file: strptime codes, or `epoch` and `epoch_ms` for numbers."""

import re
from collections.abc import Hashable
from pathlib import Path

import duckdb

from orchestration.sources import expressions
from orchestration.sources.source_errors import SourceError
from orchestration.sources.source_yaml import Lines

EPOCH_FORMATS = ("epoch", "epoch_ms")


def check(file: Path, lines: Lines, at: tuple[Hashable, ...], formats: list[str]) -> None:
    """Refuses formats that the engine cannot read, or that disagree; `at` is the place in the YAML.

    Raises:
        SourceError: with the line of the format at fault.
    """
    for i, one in enumerate(formats):
        _check_date_format(file, lines.of((*at, i)), one)
    if len(set(formats) & set(EPOCH_FORMATS)) > 1:
        raise SourceError(file, lines.of(at), "a number cannot be both epoch and epoch_ms.", "Keep one.")
    orders = {_day_month_order(one) for one in formats} - {""}
    if len(orders) > 1:
        raise SourceError(
            file,
            lines.of(at),
            "the date formats disagree on whether the day or the month comes first.",
            "Keep one order: 03/04 would otherwise be a guess.",
        )


def _check_date_format(file: Path, line: int, one: str) -> None:
    if one in EPOCH_FORMATS:
        return
    remedy = "Write it with strptime codes, e.g. '%d.%m.%Y %H:%M', or epoch, epoch_ms."
    try:
        expressions.parser().execute("SELECT try_strptime('', ?::VARCHAR)", [one])
    except duckdb.Error as error:
        raise SourceError(file, line, f"{one!r} is no date format.", remedy) from error
    if not re.search("%-?[yYcx]", one):
        raise SourceError(file, line, f"{one!r} is no date format: it has no year.", remedy)
    if one.endswith("Z") and not one.endswith("%Z"):
        problem = f"{one!r} would take the Z, which means UTC, for a letter."
        raise SourceError(file, line, problem, "Write %z in its place.")


def _day_month_order(date_format: str) -> str:
    codes = re.findall(r"%-?([dmY])", date_format)
    if "d" not in codes or "m" not in codes or codes[0] == "Y":
        return ""
    return "day" if codes.index("d") < codes.index("m") else "month"
