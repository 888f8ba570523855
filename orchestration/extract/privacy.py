"""Identifiers leave this module only as keyed hashes; phone numbers are normalised first."""

import os
import re
import secrets
from functools import lru_cache
from pathlib import Path

import duckdb
import phonenumbers
import pyarrow as pa

from orchestration.errors import ConfigurationError
from orchestration.extract import sql

HASH_LENGTH = 32  # hex digits kept of an HMAC-SHA256: 128 bits, far from any collision
_BLOCK_BYTES = 64  # block size of SHA-256 (RFC 2104)
_E164 = re.compile(r"\+\d{7,15}")
_WITHHELD = {"anonymous", "withheld", "private", "unknown", "restricted", "unavailable", "blocked"}
_INTERNAL_DIGITS = 5  # extensions of a switchboard are at most this long


def load_salt(state: Path, override: str = "") -> bytes:
    """The key of all identifier hashes: the override, else `state/salt`, made on first use (0600).

    Raises:
        ConfigurationError: the salt file is empty; hashing with no key would be no protection.
    """
    if override:
        return override.encode()
    path = state / "salt"
    if not path.exists():
        state.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    salt = path.read_text(encoding="ascii").strip()
    if not salt:
        raise ConfigurationError(
            f"{path} is empty. Restore it from a backup, or delete it together with the raw "
            "folder to land everything anew."
        )
    return salt.encode()


def install(connection: duckdb.DuckDBPyConnection, salt: bytes) -> None:
    """Adds `keyed_hash(domain, value)`, `phone_e164` and `phone_status` to a connection.

    `keyed_hash` is HMAC-SHA256 (RFC 2104) written in SQL, so that it runs at the engine's speed.
    """
    key = salt.ljust(_BLOCK_BYTES, b"\0") if len(salt) <= _BLOCK_BYTES else _long_key(salt)
    inner, outer = (bytes(b ^ pad for b in key).hex() for pad in (0x36, 0x5C))
    connection.execute(
        "CREATE OR REPLACE TEMP MACRO keyed_hash(domain, value) AS "
        f"CASE WHEN value IS NOT NULL THEN left(sha256(from_hex('{outer}') || "
        f"unhex(sha256(from_hex('{inner}') || encode(domain || ':' || value)))), {HASH_LENGTH}) END"
    )
    for function, part in (("phone_e164", 0), ("phone_status", 1)):
        connection.create_function(
            function, _vectorised(part), ["VARCHAR", "VARCHAR"], "VARCHAR", type="arrow",
            null_handling="special",  # a withheld number has a status but no hash
        )


def _long_key(salt: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(salt).digest().ljust(_BLOCK_BYTES, b"\0")


def _vectorised(part: int):  # type: ignore[no-untyped-def]
    def call(numbers: pa.Array, regions: pa.Array) -> pa.Array:
        if isinstance(numbers, pa.ChunkedArray):
            numbers, regions = numbers.combine_chunks(), regions.combine_chunks()
        region = regions[0].as_py() if len(regions) else ""
        encoded = numbers.dictionary_encode()
        distinct = [
            None if n is None else normalise_phone(n, region)[part]
            for n in encoded.dictionary.to_pylist()
        ]
        return pa.array(distinct, pa.string()).take(encoded.indices)

    return call


@lru_cache(maxsize=1_000_000)
def normalise_phone(number: str, region: str) -> tuple[str | None, str]:
    """A number in E.164 and its status.

    Status: `valid`, `possible`, `invalid`, `too_short`, `no_country`, `non_numeric`, `withheld`
    or `internal`; only `valid` and `possible` carry a number that may identify somebody.
    """
    stripped = number.strip()
    if _E164.fullmatch(stripped):
        return stripped, "valid"
    if stripped.lower() in _WITHHELD:
        return None, "withheld"
    digits = re.sub(r"\D", "", stripped)
    if not digits or re.search(r"[A-Za-z]{3,}", stripped):
        return None, "non_numeric"
    if len(digits) <= _INTERNAL_DIGITS:
        return None, "internal"
    if len(digits) < 7:  # ITU-T E.164 knows no shorter subscriber number in practice
        return None, "too_short"
    if not region and not stripped.startswith("+"):
        return None, "no_country"
    try:
        parsed = phonenumbers.parse(stripped, region or None)
    except phonenumbers.NumberParseException:
        return None, "non_numeric"
    formatted = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(parsed):
        return formatted, "valid"
    if phonenumbers.is_possible_number(parsed):
        return formatted, "possible"
    return formatted, "invalid"


def hashed(domain: str, expression: str) -> str:
    """SQL for the keyed hash of an expression within a domain such as `customer:centre`."""
    return f"keyed_hash({sql.text(domain)}, {expression})"
