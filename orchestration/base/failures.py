"""Turns exceptions into sentences: what happened, where, what to do. Every command uses it.

A new kind of failure is one more row of `RULES`. Rules read text, not types: Dagster hands the exceptions of
a step on as text, and dbt prints those of DuckDB.
"""

import re
import shutil
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestration.errors import (
    ConfigurationError,
    FaultlineError,
    InterruptedRunError,
    RunError,
    UnknownError,
)

FULL_BYTES = 2_000_000
"""Room on a disk below which it counts as full where the reason of a failure is not plain."""
_MOST_LINES = 12
_BY_EXIT_CODE = {kind.exit_code: kind for kind in (RunError, ConfigurationError, InterruptedRunError)}
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_OF_PYTHON = re.compile(
    r"\[Errno \d+\] [^:]*: (?P<quote>['\"])(?P<place>.+?)(?P=quote)(?: -> .*)?$", re.MULTILINE
)
_OF_DUCKDB = re.compile(r"(?P<quote>['\"])(?P<place>/.+?)(?P=quote)")


@dataclass(frozen=True)
class Link:
    """One exception of a chain: the name of its class, and its message without that name."""

    kind: str
    message: str

    @property
    def text(self) -> str:
        """What the rules are searched in."""
        return f"{self.kind}: {_COLOURS.sub('', self.message)}"


@dataclass(frozen=True)
class Rule:
    """What an exception means to a person.

    `sentence` may name `{place}`, the file or folder, and the named groups of `pattern`. On a full disk tools
    may say what `is_vague` marks, too: then the disk is asked.
    """

    pattern: str
    sentence: str
    error: type[FaultlineError] = RunError
    is_vague: bool = False


_NO_SPACE = r"\[Errno 28\]|No space left on device|database or disk is full|max_temp_directory_size"
_NOT_ALLOWED = r"\[Errno (?:1|13)\]|Permission denied|Operation not permitted"
_NO_DATABASE = (
    r"not a valid DuckDB database file|Trying to read a database file with version|Corrupt database file|"
    r"database header checksum|[Ff]ailure while replaying WAL|FatalException|database has been invalidated"
)
_FULL = Rule(_NO_SPACE, "The disk of {place} is full. Make room on it, then run again.")

RULES = (
    Rule(
        # DuckDB makes an exception of its own of a signal that comes while it works.
        r"^(?:KeyboardInterrupt|DagsterExecutionInterruptedError|InterruptException)\b|Query interrupted",
        "Interrupted.",
        InterruptedRunError,
    ),
    Rule(
        r'Could not set lock on file "(?P<place>.+?)": Conflicting lock is held in '
        r"(?P<process>.+?)(?: by user .+?)?\. ",
        "{place} is open in another program: {process}. A run needs this file for itself: close it there, "
        "then run again. What is published can be read at any time.",
    ),
    Rule(
        r'Could not set lock on file "(?P<place>.+?)": (?P<reason>[^.]+)\.',
        "{place} cannot be locked ({reason}). Put the home on a disk that can lock files, then run again.",
    ),
    _FULL,
    Rule(
        r"\[Errno 122\]|[Qq]uota exceeded",
        "The disk quota for {place} is used up. Make room or raise it, then run again.",
    ),
    Rule(
        r"\[Errno 30\]|Read-only file system|attempt to write a readonly database",
        "{place} cannot be written: its disk is read-only. Make it writable, or name another folder.",
        ConfigurationError,
    ),
    Rule(
        _NOT_ALLOWED,
        "{place} cannot be opened: permission denied. Give the user who runs Faultline access to it, or name "
        "another folder.",
        ConfigurationError,
    ),
    Rule(
        "unable to open database file",
        "The history of runs in {place} cannot be opened. Give the user who runs Faultline access to the "
        "folder `dagster` below the home, then run again.",
        ConfigurationError,
        is_vague=True,
    ),
    Rule(
        r"\[Errno (?:17|20)\]|Not a directory",
        "A file is in the way of the folder {place}. Move the file, or name another folder.",
        ConfigurationError,
    ),
    Rule(
        r"\[Errno 21\]|Is a directory",
        "{place} is a folder where a file should be. Move the folder, then run again.",
    ),
    Rule(
        r"\[Errno 24\]|Too many open files",
        "Too many files are open at once. Raise the limit with `ulimit -n 4096`, then run again.",
    ),
    Rule(
        r"disk I/O error",  # SQLite says so of a full disk too, when its log or its index does not fit
        "The disk of {place} is full, or it fails. Make room on it or check it, then run again.",
        is_vague=True,
    ),
    Rule(
        r"\[Errno 5\]|Input/output error",
        "The disk fails to read or write {place}. Check the disk, then run again.",
    ),
    Rule(
        r"Out of Memory Error|OutOfMemoryException",
        "DuckDB needs more memory than FAULTLINE_MEMORY_LIMIT allows. Raise it, or lower FAULTLINE_THREADS, "
        "then run again.",
    ),
    Rule(
        r"^MemoryError\b|\[Errno 12\]|exit code -9\b|BrokenProcessPool",
        "The machine has no memory left. Lower FAULTLINE_MEMORY_LIMIT or FAULTLINE_THREADS, or close other "
        "programs, then run again.",
    ),
    Rule(
        _NO_DATABASE,
        # Never "delete {place}": some of these name no file, and then the place is the home.
        "{place} holds a warehouse that is damaged, or that another version of DuckDB wrote. Delete the file "
        "`warehouse.duckdb` below the home, then run again: a run builds it anew from the raw zone.",
        is_vague=True,
    ),
    Rule(
        r"database disk image is malformed|file is not a database",
        "The history of runs in {place} is damaged. Delete the folder `dagster` below the home, then run "
        "again: it holds no data.",
    ),
    Rule(
        r"database is locked",
        "Another program holds the history of runs below {place} open. Close it, then run again.",
    ),
    Rule(
        r"No module named '(?P<module>[^']+)'",
        "Python's module {module} is missing: the set-up is older than the code. Run `make "
        ".venv/.installed`, then run again.",
        ConfigurationError,
    ),
    Rule(
        r"\[Errno 2\]",
        "{place} is missing. Check the path, or who deleted it, then run again.",
    ),
    Rule(r"\[Errno \d+\] (?P<reason>[^:\n]+)", "{place}: {reason}. Mend that, then run again."),
)


def links(error: BaseException | None) -> Iterator[Link]:
    """The exceptions of a chain, the last raised first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield Link(type(error).__name__, str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def explained(error: BaseException, place: Path | None = None) -> FaultlineError:
    """The error that a person is shown for an exception.

    Args:
        error: with the chain of exceptions that led to it.
        place: what a failure is about that names no file, such as a full disk.
    """
    return of_chain(list(links(error)), place)


def of_chain(chain: list[Link], place: Path | None = None) -> FaultlineError:
    """The same for a chain that is known as text only, the last raised first.

    An error of our own wins wherever it is: it was written for people, and what lies below it was its reason.
    """
    own = {kind.__name__: kind.exit_code for kind in _kinds(FaultlineError)}
    for link in chain:
        if link.kind in own:
            return _BY_EXIT_CODE[own[link.kind]](link.message.strip())
    return of_rules(chain, place) or UnknownError(_unknown(chain))


def of_rules(chain: Iterable[Link], place: Path | None = None) -> FaultlineError | None:
    """What the rules say of a chain, or the disk where they are vague; None where both know nothing."""
    for link in chain:
        for rule in RULES:
            if found := re.search(rule.pattern, link.text):
                if rule.is_vague and _is_full(place):
                    return _error_of(_FULL, place=str(place))
                named = {"place": _place(link.text, found) or str(place or "a file")} | found.groupdict()
                return _error_of(rule, **named)
    return _error_of(_FULL, place=str(place)) if _is_full(place) else None


def _error_of(rule: Rule, **named: str) -> FaultlineError:
    return rule.error(rule.sentence.format_map(named))


def _is_full(place: Path | None) -> bool:
    """Whether the disk of a folder has no room to speak of; one that cannot be asked has."""
    try:
        return place is not None and shutil.disk_usage(place).free < FULL_BYTES
    except OSError:
        return False


def trace(error: BaseException) -> str:
    """The stack trace, for a log."""
    return "".join(traceback.format_exception(error))


def _kinds(kind: type[FaultlineError]) -> Iterator[type[FaultlineError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _place(text: str, reason: re.Match[str]) -> str:
    """The file that a reason is about; other lines, as of a stack trace, name files of the program."""
    line = text[text.rfind("\n", 0, reason.start()) + 1 :].partition("\n")[0]
    found = _OF_PYTHON.search(line) or _OF_DUCKDB.search(line)
    return found["place"].rstrip("\\") if found else ""


def _unknown(chain: list[Link]) -> str:
    nothing = Link("Error", "nothing is known of its reason")
    first = next((link for link in chain if not link.kind.startswith("Dagster")), (chain or [nothing])[0])
    # dbt's message begins with a command of many lines; the cause comes last.
    text = first.text.partition("Errors parsed from dbt logs:")[2] or first.text
    return "\n".join([line for line in text.splitlines() if line.strip()][:_MOST_LINES])
