"""Which values of an export are personal data: the one place where that is decided.

A value is judged by itself, never by its neighbours, so that it lands the same way in every column, file and
source of a centre, and both sides of a join agree. What is asked depends on what a field holds:

- `is_staff_name`: ids of agents, owners and evaluators. Names, addresses, logins and phone numbers are
  hashed; numbers, UUIDs, ARNs, keys of vendors and ids such as `agent_12` stay.
- `is_personal_id`: ids of things. E-mail addresses, numbers as people write them, and people with a title or
  in brackets are hashed.
- `is_personal_text`: codes. Addresses, long numbers, people with a title or in brackets, and sentences are
  masked. A bare `First Last` looks like any label of two words and stays.
- `is_personal_label`: labels of teams and queues. The same, but `Support, Berlin` is no name.
- `is_personal_word`: words of a vocabulary. As a code; masked, too, is what reads like `First Last` and has
  no ordinary word (`words.yml`).
- `is_ordinary_label`: channels, a closed list. Anything else stays only if it consists of ordinary words.
- `is_personal_change`: values of a changed field whose meaning is unknown.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from pathlib import Path

import yaml

_WORDS_FILE = Path(__file__).with_name("words.yml")
MAX_LABEL_CHARACTERS = 100
"""Labels of public complaint taxonomies have up to 80 characters; what people write is longer."""
MAX_LABEL_WORDS = 14
MAX_JUDGED_CHARACTERS = 1_000
"""What is longer is no id, code or label but a text, which the patterns would take long to read."""
_MOST_DIGITS_OF_LABEL = 3
_SENTENCE_WORDS = 5  # fewer words are a label, whatever separates them
_DISTINCT_VALUES = 100_000  # kept in memory: the same codes and agents come again in every row

_UUID = re.compile(r"\{?[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\}?", re.IGNORECASE)
_HEX = re.compile(r"(?=.*\d)[0-9a-f]{16,}", re.IGNORECASE)
_ARN = re.compile(r"arn:.*[/:]", re.IGNORECASE)
_ADDRESS = re.compile(r"""([^\s@<>()/:;,"']+)@([^\s@<>()/:;,"']+)""")
_DOMAIN = re.compile(r".*\.[^\W\d_]{2,}\.?")
_LETTERS = r"[^\W\d_]"
# Letters and digits as they stand together; apostrophes and marks belong to a word.
_RUN = re.compile(r"[^\W_]+(?:['’`][^\W_]+)*")
_LOGIN = re.compile(rf"({_LETTERS}{{3,}})\d{{1,4}}")
_FEWEST_IN_CODES = 4
"""Letters of a part that makes `QA-BERLIN-7` a name: shorter capitals beside digits are a code."""

# Digits apart by up to two marks; letters or digits at its ends make it part of a code such as INC0010023.
_NUMBER = re.compile(r"(?<![^\W_])(?:\+|\(\+?)?\d(?:[ ./()\-\u2010-\u2015]{0,2}\d){6,}(?![^\W_])")
_FEWEST_DIGITS, _MOST_DIGITS = 7, 19  # of phone numbers (ITU-T E.164) and cards (ISO/IEC 7812)
_DIALLED = re.compile(r"0[1-9]\d{8,13}|00[1-9]\d{7,13}")
_SPACED = re.compile(r"[\d()./\-]+(?: [\d()./\-]+)+")  # no system writes an id with blanks
_INTERNATIONAL = re.compile(r"\+[\d ()./\-]{7,}")
_IBAN = re.compile(r"(?<![^\W_])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![^\W_])", re.IGNORECASE)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?"
_DAY = r"(?:\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2}|\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2}))"
_DATES = re.compile(
    rf"(?<!\d){_DAY}(?:[T ]{_CLOCK})?(?: ?(?:Z|[+-]\d{{2}}:?\d{{2}}|UTC))?(?!\d)"
    r"|(?<!\d)(?:19|20)\d{2} ?[-/] ?(?:19|20)\d{2}(?!\d)"
)
_DECIMAL = re.compile(r"[+-]?\d{1,6}[.,]\d+")
_NETWORK = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|(?=(?:.*[0-9a-f]){4})[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}",
    re.IGNORECASE,
)
_LINK = re.compile(r"://|(?<![^\W_])www\.|(?:^|\s)@[^\W\d_]", re.IGNORECASE)
_STREET = re.compile(
    r"\d+[a-z]?\s+(?:[^\W\d_]+\.?\s+){1,3}(?:street|st|road|rd|avenue|ave|lane|drive|boulevard|blvd|square)(?!\w)"
    r"|(?:stra(?:ss|ß)e|str\.|weg|platz|allee|gasse)\s+\d|(?<!\w)(?:rue|via|calle|avenida)\s+\w.*\d",
    re.IGNORECASE,
)
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][^\W\d_]*"  # begins with no lower-case letter of Latin-1
_NAME = rf"{_CAPITAL}(?:[-'’ ]{_CAPITAL}){{0,2}}"
_TITLED = re.compile(
    r"(?<!\w)(?:mr|mrs|ms|miss|mx|dr|prof|herr|herrn|frau|mme|mlle|monsieur|madame|sr|sra|señor|señora|signor|signora)"
    r"\.?\s+[^\W\d_]{2,}",
    re.IGNORECASE,
)
_WORD = re.compile(rf"{_LETTERS}+")
_FULL_NAME = re.compile(rf"{_CAPITAL}(?:[-'’]{_CAPITAL})?(?: {_CAPITAL}(?:[-'’]{_CAPITAL})?){{1,3}}")
_SURNAME_FIRST = re.compile(rf"{_NAME}, ?{_NAME}\.?(?: ?[(\[].*)?")
_BRACKETED = re.compile(rf"{_NAME} {_CAPITAL} ?[(\[].*\d.*")
_PAIR = re.compile(rf"(?<=\s)({_CAPITAL}) ({_CAPITAL})(?!\w)")
_STOP = re.compile(r"[^\W\d_]{3,}[.!?;]\s|[.!?]$")


@cache
def _words() -> dict[str, frozenset[str]]:
    read = yaml.safe_load(_WORDS_FILE.read_text(encoding="utf-8"))
    return {name: frozenset(text.split()) for name, text in read.items()}


def _plain(text: str) -> str:
    """Composed, in usual widths, without marks of the writing direction or blanks around it."""
    if text.isascii():
        return text.strip()
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if unicodedata.category(c) != "Cf").strip()


def _of_usual_length(*, otherwise: bool) -> Callable[[Callable[[str], bool]], Callable[[str], bool]]:
    """Makes a rule remember its answers, and answer `otherwise` for very long values without reading them."""

    def bounded(rule: Callable[[str], bool]) -> Callable[[str], bool]:
        cached = lru_cache(maxsize=_DISTINCT_VALUES)(rule)

        @wraps(rule)
        def call(value: str) -> bool:
            return otherwise if len(value) > MAX_JUDGED_CHARACTERS else cached(value)

        return call

    return bounded


@_of_usual_length(otherwise=True)
def is_staff_name(value: str) -> bool:
    """Whether the id of an agent, owner or evaluator is a name, an address, a login or a phone number."""
    text = _ARN.sub("", _plain(value))
    if not text or _UUID.fullmatch(text) or _HEX.fullmatch(text):
        return False
    if _has_address(text) or _has_phone(text):
        return True
    has_digits = any(c.isdigit() for c in text)
    return any(_is_of_name(run, has_digits=has_digits) for run in _RUN.findall(text))


def _has_address(text: str) -> bool:
    """Whether it contains an e-mail address; `Local/7001@agents` and `7001@10.0.0.5` are channels."""
    return "@" in text and any(_DOMAIN.fullmatch(domain) for _, domain in _ADDRESS.findall(text))


def _has_phone(text: str) -> bool:
    """Whether it contains a phone or card number: long ids have no plus, trunk zero or separators."""
    if any(_DIALLED.fullmatch(run) for run in _RUN.findall(text)):
        return True
    for found in _NUMBER.finditer(_DATES.sub(" ", text)):
        number = found[0]
        digits = sum(c.isdigit() for c in number)
        if _FEWEST_DIGITS <= digits <= _MOST_DIGITS and digits < len(number):
            return True
    return False


def _is_of_name(run: str, *, has_digits: bool) -> bool:
    """Whether one run of letters and digits is part of a name or a login."""
    folded = run.casefold()
    if run.isdigit() or folded in _words()["organisation"]:
        return False
    if any(c.isdigit() for c in run):
        login = _LOGIN.fullmatch(run)
        letters = login[1] if login else ""
        if not letters:
            return bool(re.fullmatch(rf"{_LETTERS}+\d{{1,4}}", run)) and not run.isascii()
        return letters.casefold() not in _words()["organisation"] and not (
            letters.isupper() and len(letters) < _FEWEST_IN_CODES
        )
    if not run.isascii():
        return True
    if has_digits and run.isupper():
        return len(run) >= _FEWEST_IN_CODES
    return len(run) > (2 if has_digits else 1)


@_of_usual_length(otherwise=True)
def is_personal_id(value: str) -> bool:
    """Whether the id of a thing holds an address, a number as people write it, or a named person."""
    text = _plain(value)
    if _has_address(text) or _INTERNATIONAL.fullmatch(text) or _is_written(text):
        return True
    is_spaced = _SPACED.fullmatch(text) and sum(c.isdigit() for c in text) >= _FEWEST_DIGITS
    return bool(is_spaced or _TITLED.search(text) or _BRACKETED.fullmatch(text))


@_of_usual_length(otherwise=True)
def is_personal_text(value: str) -> bool:
    """Whether a code or label holds an address, a long number, a named person or what somebody wrote."""
    text = _plain(value)
    if _is_of_machine(text):
        return False
    return _has_contact_data(text) or _names_person(text) or _is_written(text)


@_of_usual_length(otherwise=True)
def is_personal_label(value: str) -> bool:
    """The same for the label of a team or queue, which may read `Support, Berlin`."""
    text = _plain(value)
    is_named = _TITLED.search(text) or _BRACKETED.fullmatch(text)
    return not _is_of_machine(text) and (bool(is_named) or _has_contact_data(text) or _is_written(text))


@_of_usual_length(otherwise=True)
def is_personal_change(value: str) -> bool:
    """Whether a value of a changed field is personal where the meaning of the field is unknown."""
    return is_personal_text(value) or (is_staff_name(value) and not is_ordinary_label(value))


@_of_usual_length(otherwise=True)
def is_personal_word(value: str) -> bool:
    """Whether a value outside a vocabulary holds personal data or reads like the name of a person."""
    text = _plain(value)
    is_named = _FULL_NAME.fullmatch(text) and not any(
        _is_ordinary(run) for run in _WORD.findall(text) if len(run) > 1
    )
    return bool(is_named) or is_personal_text(value)


@_of_usual_length(otherwise=False)
def is_ordinary_label(value: str) -> bool:
    """Whether a value outside a closed list consists of ordinary words and short numbers."""
    text = _plain(value)
    runs = re.findall(r"[^\W\d_]+|\d+", text)
    if not runs or len(runs) > MAX_LABEL_WORDS or is_personal_text(value):
        return False
    return all(
        len(run) <= _MOST_DIGITS_OF_LABEL if run.isdigit() else len(run) == 1 or _is_ordinary(run)
        for run in runs
    )


def _is_ordinary(run: str) -> bool:
    known = _words()["ordinary"] | _words()["organisation"]
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", run).split()  # inProgress
    return run.casefold() in known or (len(spaced) > 1 and all(part.casefold() in known for part in spaced))


def _is_of_machine(text: str) -> bool:
    return bool(_UUID.fullmatch(text) or _DATES.fullmatch(text) or _DECIMAL.fullmatch(text))


def _has_contact_data(text: str) -> bool:
    if re.search(r"[^\W_]@[^\W_]", text) or _LINK.search(text) or _NETWORK.fullmatch(text):
        return True
    if _IBAN.search(text) and sum(c.isdigit() for c in text) >= _FEWEST_DIGITS:
        return True
    return bool(_NUMBER.search(_DATES.sub(" ", text)) or _STREET.search(text))


def _names_person(text: str) -> bool:
    if _TITLED.search(text) or _BRACKETED.fullmatch(text):
        return True
    if not _SURNAME_FIRST.fullmatch(text):
        return False
    return not all(_is_ordinary(run) for run in _WORD.findall(text))


def _is_written(text: str) -> bool:
    """Whether it is free text and no label: five words or more, and long, of several lines, or a sentence."""
    words = text.split()
    if len(words) < _SENTENCE_WORDS:  # scripts without blanks between words have other sentences
        return len(text) > MAX_LABEL_CHARACTERS and not text.isascii()
    if len(text) > MAX_LABEL_CHARACTERS or len(words) > MAX_LABEL_WORDS or "\n" in text or "\r" in text:
        return True
    if _STOP.search(text):
        return True
    # A pair of capitalised words between lower-case ones is somebody's name.
    n_lower = sum(word[:1].islower() for word in words)
    return n_lower >= len(words) // 2 and any(not pair[0].isupper() for pair in _PAIR.findall(text))


# Most values of an export are not personal, and the engine matches a pattern faster than it calls Python:
# short numbers, with two letters or a word of an organisation before them; one word with few digits.
_NUMBERED = (
    rf"(?i:[a-z]{{0,2}}|(?:{'|'.join(sorted(w for w in _words()['organisation'] if w.isascii()))})[_-]?)"
)
_CLEAR_STAFF_ID = rf"{_NUMBERED}[0-9]{{1,6}}"
_CLEAR_CODE = r"[A-Za-z_-]{0,40}[0-9]{0,6}[A-Za-z_-]{0,40}"

STAFF_RULE = "is_staff_name"
RULES: dict[str, Callable[[str], bool]] = {
    STAFF_RULE: is_staff_name,
    "is_personal_id": is_personal_id,
    "is_personal_text": is_personal_text,
    "is_personal_label": is_personal_label,
    "is_personal_word": is_personal_word,
    "is_personal_change": is_personal_change,
    "is_ordinary_label": is_ordinary_label,
}
"""The rules by the name under which SQL calls them."""

NOT_PERSONAL = {
    STAFF_RULE: _CLEAR_STAFF_ID,
    "is_personal_change": _CLEAR_STAFF_ID,
    "is_personal_text": _CLEAR_CODE,
    "is_personal_label": _CLEAR_CODE,
    "is_personal_word": _CLEAR_CODE,
}
"""By rule, a regular expression for RE2 and Python: a value that it matches as a whole is not personal."""
