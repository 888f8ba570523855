"""Text from outside that is safe in a source file, in a comment and on a terminal."""

import re
import textwrap
import unicodedata

import yaml

_WIDTH = 110
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def plain(text: str) -> str:
    """Lower case without accents; umlauts as they are written where there are none."""
    decomposed = unicodedata.normalize(
        "NFD", unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    )
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


def scalar(text: str) -> str:
    """A YAML scalar that reads back as exactly this text, as a key and as a value."""
    if text.isprintable():
        plainly = [text] if re.match(r"[A-Za-z_*]", text) else []
        doubly = [f'"{text}"'] if "'" in text and '"' not in text and "\\" not in text else []
        for written in (*plainly, *doubly, "'" + text.replace("'", "''") + "'"):
            try:
                if yaml.safe_load(f"- {written}: {written}") == [{text: text}]:
                    return written
            except (yaml.YAMLError, ValueError):
                continue
    return double(text)


def printable(text: str) -> str:
    """Text with a blank for everything that a terminal would not print, or take for a command."""
    return "".join(c if c.isprintable() else " " for c in text)


def one_line(text: str, limit: int = 60) -> str:
    """Text from a file that can stand in a comment or on a terminal: nothing unprintable, no line breaks.

    What is too long ends after a word, unless that would take more than half of it.
    """
    clean = " ".join(printable(text[: 4 * limit]).split())
    if len(clean) <= limit:
        return clean
    kept = clean[: limit - 1]
    words = kept if clean[limit - 1] == " " else kept.rpartition(" ")[0]
    return (words if len(words) > limit // 2 else kept) + "…"


def shape(value: str) -> str:
    """A value without its content: letters become x, digits 9."""
    shaped = "".join("x" if c.isalpha() else "9" if c.isnumeric() else c for c in value[:24])
    return one_line(shaped)


def percent(share: float) -> str:
    """A share that says neither "all" nor "none" when it is only nearly so."""
    rounded = round(share * 100)
    return "<1 %" if rounded == 0 < share else f"{min(rounded, 99) if share < 1 else 100} %"


def double(text: str) -> str:
    """A YAML scalar in double quotes."""
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=1_000_000)
    return quoted.rstrip("\n")


def folded(text: str, indent: str) -> list[str]:
    """A long comment in lines; all but the first start with the indent."""
    return textwrap.wrap(text, width=_WIDTH, subsequent_indent=indent, break_on_hyphens=False)
