"""Identifiers leave this module only as keyed hashes; phone numbers are normalised first."""

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

import duckdb
import duckdb.func
import phonenumbers
import pyarrow as pa

from orchestration.base import durable, sql
from orchestration.errors import ConfigurationError
from orchestration.landing.manifest import MANIFEST_NAME
from orchestration.landing.people import rules

StaffIds = Literal["hashed", "clear"]
"""Whether ids of agents, owners and evaluators that look like names land hashed."""
HASH_LENGTH = 32  # hex digits kept of an HMAC-SHA256: 128 bits, far from any collision
ANEW = "If it is lost, run `faultline run --land-anew` once: all exports that still lie there land anew."

MASK_BEGINS = "(masked "
"""How a masked text begins; then come its shape and a digest: `(masked xxxx xxxxx 3fa41b2c)`."""
MASKED = re.compile(r"\(masked (.*) [0-9a-f]{8}\)", re.DOTALL)
_SHAPE_CHARACTERS = 24
_DIGEST_LENGTH = 8
_BLOCK_BYTES = 64  # block size of SHA-256 (RFC 2104)
_ADDRESS = re.compile(r"(?:tel|sips?):([^@;]+)(?:[@;].*)?", re.IGNORECASE)  # as telephony systems write it
_EXTENSION = re.compile(
    r"(?<=\d)[\s,;]*(?:ext(?:ension)?|x|p|w|dw|durchwahl|app(?:arat)?)[.:=\s]*\d{1,6}\s*$", re.IGNORECASE
)
_WITHHELD = {"anonymous", "withheld", "private", "unknown", "restricted", "unavailable", "blocked"}
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
# Some carriers spell that a number is withheld on the keypad: +266696687 is "anonymous".
_SPELLED = {f"+{word.translate(_KEYPAD)}" for word in _WITHHELD}
_INTERNAL_DIGITS = 5  # extensions of a switchboard are at most this long
_MIN_DIGITS = 7  # ITU-T E.164 knows no shorter subscriber number in practice
NO_COUNTRY = "no_country"
"""Status of a number that could be of any country."""
_UNPARSED = {
    phonenumbers.NumberParseException.NOT_A_NUMBER: "non_numeric",
    phonenumbers.NumberParseException.TOO_SHORT_AFTER_IDD: "too_short",
    phonenumbers.NumberParseException.TOO_SHORT_NSN: "too_short",
}


def _normalised() -> str:
    """Pattern of what is E.164 already: 7 to 15 digits, a country that exists, no trunk zero after it."""
    countries: dict[int, list[str]] = {}
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        countries.setdefault(len(str(code)), []).append(str(code))
    forms = (
        rf"(?:{'|'.join(codes)})[1-9]\d{{{6 - n_digits},{14 - n_digits}}}"
        for n_digits, codes in countries.items()
    )
    return rf"\+(?:{'|'.join(forms)})"


_NORMALISED = _normalised()
_E164 = re.compile(_NORMALISED)
# What a column of numbers makes of one: decimals of nothing, or an exponent in the place of its digits.
_OF_NUMBERS = re.compile(r"^(\+?[1-9]\d*)\.0{1,2}$", re.ASCII)
_WITH_EXPONENT = re.compile(r"\+?\d([.,]\d+)?[eE]\+?\d+", re.ASCII)


def load_salt(state: Path, override: str = "") -> bytes:
    """The key of all identifier hashes: the override, else `state/salt`, made on first use (0600).

    Raises:
        ConfigurationError: the salt file is empty, or gone though exports have landed with it.
    """
    if override:
        return override.encode()
    path = state / "salt"
    if not path.exists():
        manifest = state / MANIFEST_NAME
        if manifest.exists() and manifest.stat().st_size:
            raise ConfigurationError(
                f"{path} does not exist and FAULTLINE_SALT is empty, but exports have landed with a salt: "
                "under a new one identifiers would hash differently. Restore the file or FAULTLINE_SALT "
                f"from a backup. {ANEW}"
            )
        durable.write(path, secrets.token_hex(32), mode=0o600)
    salt = path.read_bytes().strip()
    if not salt:
        raise ConfigurationError(f"{path} is empty. Restore it from a backup, or delete it. {ANEW}")
    return salt


def require_same_salt(salt: bytes, landed_with: str, home: Path) -> None:
    """Stops before one customer gets two hashes.

    Args:
        salt: what is to be landed with.
        landed_with: fingerprint of the salt that the raw zone was landed with.
        home: folder that the raw zone lies in.

    Raises:
        ConfigurationError: the two salts differ.
    """
    if landed_with and not hmac.compare_digest(landed_with, salt_fingerprint(salt)):
        raise ConfigurationError(
            f"The raw zone of {home} was landed with another salt than FAULTLINE_SALT or, without that, "
            f"{home / 'state' / 'salt'} holds: identifiers would hash differently. Restore the salt, or name "
            f"another --home. {ANEW}"
        )


def salt_fingerprint(salt: bytes) -> str:
    """A digest that differs between salts and does not reveal them."""
    return hmac.new(salt, b"salt", hashlib.sha256).hexdigest()[:8]


def install(connection: duckdb.DuckDBPyConnection, salt: bytes, *, staff_ids: StaffIds = "hashed") -> None:
    """Adds `keyed_hash(domain, value)`, `phone_e164`, `phone_status` and the rules of `people`.

    `keyed_hash` is HMAC-SHA256 (RFC 2104) written in SQL, so that it runs at the engine's speed. With
    `staff_ids="clear"` no id of an agent, owner or evaluator is hashed.
    """
    key = salt if len(salt) <= _BLOCK_BYTES else hashlib.sha256(salt).digest()
    key = key.ljust(_BLOCK_BYTES, b"\0")
    inner, outer = (bytes(b ^ pad for b in key).hex() for pad in (0x36, 0x5C))
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO keyed_hash(domain, value) AS "
        f"CASE WHEN value IS NOT NULL THEN left(sha256(from_hex('{outer}') || "
        f"unhex(sha256(from_hex('{inner}') || encode(domain || ':') || encode(value)))), {HASH_LENGTH}) END"
    )
    for name, rule in rules.RULES.items():
        connection.create_function(
            name,
            _asked_once(_never if name == rules.STAFF_RULE and staff_ids == "clear" else rule),
            ["VARCHAR"],
            "BOOLEAN",
            type=duckdb.func.ARROW,
        )
    is_spelled = sql.is_one_of("number", sorted(_SPELLED))
    for function, part, otherwise in (("phone_e164", 0, "number"), ("phone_status", 1, "'valid'")):
        connection.create_function(
            f"{function}_of_any",
            _vectorised(part),
            ["VARCHAR", "VARCHAR"],
            "VARCHAR",
            type=duckdb.func.ARROW,
            null_handling=duckdb.func.SPECIAL,  # a withheld number has a status but no hash
        )
        # Only what is not normalised is worth a call of the library.
        connection.execute(
            f"CREATE OR REPLACE TEMP MACRO {function}(number, region) AS "
            f"CASE WHEN regexp_full_match(number, {sql.text(_NORMALISED)}) AND NOT {is_spelled} "
            f"THEN {otherwise} ELSE {function}_of_any(number, region) END"
        )


def _never(value: str) -> bool:
    return False


def _asked_once(rule: Callable[[str], bool]) -> Callable[[pa.Array], pa.Array]:
    """A rule for arrays of values, asked once for each distinct value of an array."""

    def call(values: pa.Array) -> pa.Array:
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        encoded = values.dictionary_encode()
        answers = [value is not None and rule(value) for value in encoded.dictionary.to_pylist()]
        if not any(answers):
            return pa.repeat(pa.scalar(False), len(values))
        return pa.array(answers, pa.bool_()).take(encoded.indices)

    return call


def _vectorised(part: int) -> Callable[..., pa.Array]:
    def call(numbers: pa.Array, regions: pa.Array) -> pa.Array:
        if isinstance(numbers, pa.ChunkedArray):
            numbers, regions = numbers.combine_chunks(), regions.combine_chunks()
        region = regions[0].as_py() if len(regions) else ""
        encoded = numbers.dictionary_encode()
        distinct = [
            None if n is None else normalise_phone(n, region)[part] for n in encoded.dictionary.to_pylist()
        ]
        return pa.array(distinct, pa.string()).take(encoded.indices)

    return call


@lru_cache(maxsize=1_000_000)
def normalise_phone(number: str, region: str) -> tuple[str | None, str]:
    """A number in E.164 and its status.

    Status: `valid`, `possible`, `invalid`, `too_short`, `no_country`, `non_numeric`, `withheld`
    or `internal`; only `valid` and `possible` carry a number, because only they may identify
    somebody: all who call from `+0000000` are not one customer.
    """
    plain = number if number.isascii() else _plain(number)
    address = _ADDRESS.fullmatch(plain.strip())
    stripped = _EXTENSION.sub("", address[1] if address else plain).strip()
    if _WITH_EXPONENT.fullmatch(stripped):
        return None, "invalid"
    stripped = _OF_NUMBERS.sub(r"\1", stripped)
    status = _status_without_country(stripped)
    if status:
        return None, status
    if _E164.fullmatch(stripped):
        return stripped, "valid"
    read = _parsed(stripped, region)
    if read[1] != "valid" and stripped.startswith("00"):
        # What begins like a call abroad is one, also where calls abroad begin otherwise.
        abroad = _parsed(f"+{stripped[2:]}", region)
        return abroad if abroad[1] == "valid" else read
    return read


def _plain(text: str) -> str:
    """Full-width signs as usual ones, without marks of the writing direction."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")


def _parsed(text: str, region: str) -> tuple[str | None, str]:
    if not region and not text.startswith("+"):
        return None, NO_COUNTRY
    try:
        parsed = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException as error:
        return None, _UNPARSED.get(error.error_type, "invalid")
    is_valid = phonenumbers.is_valid_number(parsed)
    if not is_valid and not phonenumbers.is_possible_number(parsed):
        return None, "invalid"
    formatted = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted, "valid" if is_valid else "possible"


def _status_without_country(text: str) -> str:
    """What is no subscriber number in any country; empty for what may be one."""
    if text in _SPELLED or _WITHHELD & set(re.findall(r"[^\W\d_]+", text.lower())):
        return "withheld"
    n_digits = len(re.sub(r"\D", "", text))
    if not n_digits or re.search(r"[^\W\d_]{3,}", text):
        return "non_numeric"
    if n_digits <= _INTERNAL_DIGITS:
        return "internal"
    return "too_short" if n_digits < _MIN_DIGITS else ""


def address(expression: str) -> str:
    """SQL for an address or user name as all systems would write it: `"A. B." <Me@x.org>` is `me@x.org`."""
    bare = rf"regexp_replace({expression}, '^\s*mailto:|^.*<\s*([^<>\s]+)\s*>\s*$', '\1', 'i')"
    return f"nullif(lower(trim({bare})), '')"


def hashed(domain: str, expression: str) -> str:
    """SQL for the keyed hash of an expression within a domain such as `customer:centre`."""
    return f"keyed_hash({sql.text(domain)}, {expression})"


def hashed_id(centre: str, value: str) -> str:
    """SQL for the keyed hash of a personal id; its case and blanks do not count."""
    folded = f"lower(nfc_normalize(trim(regexp_replace({value}, '[\\s\\p{{Z}}]+', ' ', 'g'))))"
    return hashed(f"id:{centre}", folded)


def masked_text(centre: str, value: str) -> str:
    """SQL for what lands in place of a personal text: its shape, and a digest that keeps values apart."""
    shape = f"left({value}, {_SHAPE_CHARACTERS})"
    for pattern, sign in ((r"\p{L}", "x"), (r"\p{N}", "9"), (r"[^x9 ._/@+-]", "?")):
        shape = f"regexp_replace({shape}, '{pattern}', '{sign}', 'g')"
    digest = f"left({hashed(f'text:{centre}', value)}, {_DIGEST_LENGTH})"
    return f"({sql.text(MASK_BEGINS)} || {shape} || ' ' || {digest} || ')')"


# ---------------------------------------------------------------- columns that nobody described

# Parts of names that speak of people, or of text that people write.
_PERSONAL_PARTS = (
    "name|mail|phone|mobile|address|street|user|caller|customer|client|person|agent|owner|assign|author|sender"
    "|recipient|requester|reporter|employee|manager|member|contact|subject|body|text|comment|descri|message"
    "|summary|transcript|signature|title|birth|passw|iban"
)
_PERSONAL_WORDS = (
    "by|to|from|cc|bcc|ip|dob|ssn|vat|tel|fax|cell|city|town|zip|postcode|postal|note|notes|content|account"
    "|acct|card|url|uri|link|reply|question|answer|remark|remarks|who|ani|cli|dnis|msisdn|login|lat|lon|geo"
)
_PERSONAL = re.compile(f"{_PERSONAL_PARTS}|(?:^|[^a-z])(?:{_PERSONAL_WORDS})(?:$|[^a-z])")
_CAPITAL_WITHIN = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d{1,9})?)?( ?[AaPp]\.?[Mm]\.?)?"
_DAY = r"(\d{4}-\d{2}-\d{2}|\d{4}/\d{2}/\d{2}|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2}))"
# Seven digits, apart by one mark each at most, may be a number that somebody answers to.
_LONG_DIGITS = r"\d([-./:()+]?\d){6}"
_PLAIN = "|".join(
    (
        r"[+-]?\d{1,6}",
        r"-?(\d{1,6}[.,]\d{1,6}|0?[.,]\d{1,18})",
        rf"{_DAY}([T ]{_CLOCK})? ?(Z|[+-]\d{{2}}:?\d{{2}}|UTC)?",
        _CLOCK,
    )
)
_CODE = r"[\p{L}\p{N}_.:/#+-]{1,64}"
_NETWORK_ADDRESS = r"\d+(\.\d+){3}(:\d+)?|[0-9A-Fa-f]*(:[0-9A-Fa-f]*){2,}"


def is_name(column: str) -> bool:
    """Whether a column's name is one: keys of JSON may be somebody's number or address."""
    return "@" not in column and not re.search(_LONG_DIGITS, column)


def shown(column: str) -> str:
    """The name of a column for messages; text that is no name appears as its shape (letters x, digits 9)."""
    return column if is_name(column) else re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", column))


def speaks_of_people(column: str) -> bool:
    """Whether a column's name says that it holds people or what they wrote, in whatever way it is written."""
    return bool(_PERSONAL.search(_CAPITAL_WITHIN.sub("_", column).lower()))


def kept_object(domain: str, values: Mapping[str, str]) -> str:
    """SQL of a JSON object's text with what columns hold that nobody described; NULL where all are empty.

    A value that cannot identify a person stays, any other is hashed: numbers of up to six digits,
    decimals, yes and no, times, and codes of one word stay. What has blanks, what is nested, what looks like
    an address or a longer number, and any value of a column for people or text, is hashed. The rule sees
    one value and the name of its column, nothing else.

    `values` maps each column to SQL of its value as text.
    """
    members = ", ".join(
        f"{{'name': {sql.text(c) if is_name(c) else hashed(domain, sql.text(c))}, "
        f"'is_open': {not speaks_of_people(c)}, 'value': {value}}}"
        for c, value in sorted(values.items())
    )
    is_code = (
        f"regexp_full_match(m.value, '{_CODE}') AND NOT regexp_matches(m.value, '{_LONG_DIGITS}') "
        f"AND NOT regexp_full_match(m.value, '{_NETWORK_ADDRESS}')"
    )
    is_plain = f"m.is_open AND (regexp_full_match(m.value, '{_PLAIN}') OR ({is_code}))"
    entry = f"{{'k': m.name, 'v': CASE WHEN {is_plain} THEN m.value ELSE {hashed(domain, 'm.value')} END}}"
    there = f"list_filter([{members}], lambda m: m.value IS NOT NULL)"
    entries = f"list_transform({there}, lambda m: {entry})"
    return f"nullif(CAST(to_json(map_from_entries({entries})) AS VARCHAR), '{{}}')"
