"""Random numbers that belong to a thing, not to a moment.

A draw is a hash of the seed, its purpose, the id of a contact (or journey, customer, ...) and a slot. A fault
that changes one contact therefore leaves the luck of every other one as it was: two runs, one with and one
without the fault, differ only by what the fault did (common random numbers).
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_MASK = (1 << 64) - 1
_ID = 0x9E3779B97F4A7C15
_SLOT = 0xD1B54A32D192ED03
_FIRST = 0xBF58476D1CE4E5B9  # the two multipliers of splitmix64's finaliser
_SECOND = 0x94D049BB133111EB
_UNIT = 2.0**-53


def key(seed: int, purpose: str) -> int:
    """64 bits that stand for a seed and a purpose."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "little")


def uniform(stream: int, identity: int, slot: int = 0) -> float:
    """One number in [0, 1) of a stream (see `key`), for one identity and slot."""
    return (_mixed((_mixed(stream ^ (identity * _ID & _MASK)) + slot * _SLOT) & _MASK) >> 11) * _UNIT


def uniforms(stream: int, identities: Ints, n_slots: int) -> Floats:
    """The same numbers as `uniform`: one row per identity, one column per slot."""
    with np.errstate(over="ignore"):
        base = _mixed_array(np.uint64(stream) ^ (identities.astype(np.uint64) * np.uint64(_ID)))
        slots = np.arange(n_slots, dtype=np.uint64) * np.uint64(_SLOT)
        found = _mixed_array(base[:, None] + slots[None, :])
    return np.asarray((found >> np.uint64(11)) * _UNIT, dtype=np.float64)


def normal(first: float, second: float) -> float:
    """A standard normal from two uniforms (Box and Muller, 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - first)) * math.cos(6.283185307179586 * second)


def normals(first: Floats, second: Floats) -> Floats:
    """The same as `normal`, for arrays."""
    return np.asarray(np.sqrt(-2.0 * np.log1p(-first)) * np.cos(2.0 * np.pi * second), dtype=np.float64)


def lognormal(median: float, sigma: float, first: float, second: float) -> float:
    """A log-normal value with this median, from two uniforms."""
    return median * math.exp(sigma * normal(first, second))


def _mixed(value: int) -> int:
    value ^= value >> 30
    value = value * _FIRST & _MASK
    value ^= value >> 27
    value = value * _SECOND & _MASK
    return value ^ (value >> 31)


def _mixed_array(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    value = value ^ (value >> np.uint64(30))
    value = value * np.uint64(_FIRST)
    value = value ^ (value >> np.uint64(27))
    value = value * np.uint64(_SECOND)
    return value ^ (value >> np.uint64(31))
