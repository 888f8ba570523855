"""Text of the cells of a workbook, as the source system shows them."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache

_EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number: a longer one has lost some, and is written with an exponent."""
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_NO_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')


def plain(text: str) -> str:
    """A text with line feeds, and with the characters that the file format spells out."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: _character(int(found[1], 16)), text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _character(code: int) -> str:
    if 0xD800 <= code < 0xE000:  # noqa: PLR2004 - half a character
        return "\ufffd"
    return chr(code) if code >= ord(" ") or chr(code) in "\t\n\r" else ""


def number(value: float, number_format: str, decimal: str) -> str:
    """A number with the digits that its format shows."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_DIGITS:
        value = int(value)
    if abs(value) >= _EXACT_DIGITS:
        return f"{value:.14E}".replace(".", decimal)
    if isinstance(value, float):
        return repr(value).replace(".", decimal)
    # `007001` is the number 7001 that is shown with zeros.
    return str(value).zfill(len(number_format)) if number_format.strip("0") == "" else str(value)


@lru_cache(maxsize=1024)
def _parts_of(number_format: str) -> tuple[bool, bool]:
    """Whether a format shows a date, and whether it shows a time."""
    code = _NO_CODE.sub("", number_format.split(";", maxsplit=1)[0]).lower()
    has_time = "h" in code or "s" in code
    return "d" in code or "y" in code or ("m" in code and not has_time), has_time


def moment(value: date | time | timedelta, number_format: str, epoch: datetime) -> str:
    """A date or time; what is shown as a time alone, but takes a day or more, is a duration."""
    if isinstance(value, timedelta):
        return _duration(value)
    has_date, has_time = _parts_of(number_format)
    if isinstance(value, time):
        # Day 0, which is none in the calendar: a placeholder.
        return datetime.combine(epoch, value).isoformat(" ") if has_date else value.isoformat()
    if isinstance(value, datetime):
        if has_time and not has_date and value.year <= epoch.year + 1:
            has_day_of_1900 = epoch.year < 1900 and value < datetime(1900, 3, 1)  # noqa: PLR2004
            return _duration(value - epoch - timedelta(days=has_day_of_1900))
        if has_date and not has_time and value.time() == time():
            return value.date().isoformat()
        return value.isoformat(" ")
    return value.isoformat()


def _duration(value: timedelta) -> str:
    """Hours, however many, with minutes and seconds: `27:46:40`."""
    sign = "-" if value < timedelta() else ""
    minutes, seconds = divmod(abs(value), timedelta(minutes=1))
    fraction = f".{seconds.microseconds:06}" if seconds.microseconds else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds.seconds:02}{fraction}"
