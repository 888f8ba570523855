"""What people read when something fails: one sentence with place, reason and way out, whatever raised it."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.base import failures
from orchestration.base.failures import RULES, Link
from orchestration.errors import ConfigurationError, InterruptedRunError, RunError, UnknownError
from orchestration.publish.publication import PublishError


def raised(call: Callable[[], object]) -> BaseException:
    """What a call raises."""
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - the kind is what the test asks for
        call()
    return caught.value


def os_error(number: int, place: str | None = "/disk/raw/part") -> OSError:
    return OSError(number, os.strerror(number), *([] if place is None else [place]))


@pytest.mark.parametrize(
    ("error", "sentence", "code"),
    [
        (os_error(errno.ENOSPC), "The disk of /disk/raw/part is full. Make room on it, then run again.", 1),
        (os_error(errno.ENOSPC, None), "The disk of /the home is full. Make room on it, then run again.", 1),
        (os_error(errno.EDQUOT), "The disk quota for /disk/raw/part is used up.", 1),
        (os_error(errno.EROFS), "/disk/raw/part cannot be written: its disk is read-only.", 2),
        (os_error(errno.EACCES), "/disk/raw/part cannot be opened: permission denied.", 2),
        (os_error(errno.EPERM), "/disk/raw/part cannot be opened: permission denied.", 2),
        (os_error(errno.EEXIST), "A file is in the way of the folder /disk/raw/part.", 2),
        (os_error(errno.ENOTDIR), "A file is in the way of the folder /disk/raw/part.", 2),
        (os_error(errno.EISDIR), "/disk/raw/part is a folder where a file should be.", 1),
        (os_error(errno.ENOENT, 'it\'s "there"'), "is missing. Check the path", 1),
        (os_error(errno.EMFILE), "Too many files are open at once. Raise the limit with `ulimit -n 4096`", 1),
        (
            sqlite3.OperationalError("disk I/O error"),
            "The disk of /the home is full, or it fails. Make room on it",
            1,
        ),
        (
            sqlite3.OperationalError("unable to open database file"),
            "The history of runs in /the home cannot be opened. Give the user who runs Faultline access",
            2,
        ),
        (os_error(errno.EIO), "The disk fails to read or write /disk/raw/part. Check the disk", 1),
        (os_error(errno.ELOOP), "/disk/raw/part: Too many levels of symbolic links. Mend that", 1),
        (OSError(errno.ENOSPC, "No space left on device", "/a", None, "/b"), "The disk of /a is full.", 1),
        (
            # What DuckDB 2.0 says of a disk that a query fills with what does not fit into memory.
            duckdb.OutOfMemoryException(
                "Out of Memory Error: failed to offload data block of size 256.0 KiB (10.7 MiB/10.7 MiB used)."
                "\nThis limit was set by the 'max_temp_directory_size' setting."
            ),
            "The disk of /the home is full.",
            1,
        ),
        (
            duckdb.IOException(
                'IO Error: Async write failed for range [offset=0, size=29]: {"exception_type":"IO",'
                '"exception_message":"Could not write file \\"/disk/x.parquet\\": No space left on device"}'
            ),
            "The disk of /disk/x.parquet is full.",
            1,
        ),
        (MemoryError(), "The machine has no memory left. Lower FAULTLINE_MEMORY_LIMIT", 1),
        (sqlite3.OperationalError("database or disk is full"), "The disk of /the home is full.", 1),
        (sqlite3.OperationalError("attempt to write a readonly database"), "its disk is read-only", 2),
        (sqlite3.OperationalError("database is locked"), "holds the history of runs below /the home open", 1),
        (sqlite3.DatabaseError("database disk image is malformed"), "history of runs in /the home is dam", 1),
        (
            ModuleNotFoundError("No module named 'openpyxl'"),
            "module openpyxl is missing: the set-up is old",
            2,
        ),
        (KeyboardInterrupt(), "Interrupted.", 130),
        (RuntimeError("Query interrupted"), "Interrupted.", 130),
        (duckdb.InterruptException("INTERRUPT Error: Interrupted!"), "Interrupted.", 130),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_kind_of_failure_has_its_sentence(error: BaseException, sentence: str, code: int) -> None:
    shown = failures.explained(error, Path("/the home"))
    assert sentence in str(shown)
    assert shown.exit_code == code
    # Steps hand their exceptions on as text only.
    as_text = failures.of_chain(
        [Link(link.kind, link.message) for link in failures.links(error)], Path("/the home")
    )
    assert (str(as_text), as_text.exit_code) == (str(shown), code)


VAGUE = [
    sqlite3.OperationalError("disk I/O error"),
    sqlite3.OperationalError("unable to open database file"),
    duckdb.FatalException("FATAL Error: Failed: database has been invalidated because of an earlier error"),
    RuntimeError("The dbt CLI process failed with exit code `1`."),
]


@pytest.mark.parametrize("error", VAGUE, ids=str)
def test_a_vague_reason_on_a_full_disk_is_a_full_disk(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without it, the advice would be to repair rights or to delete the warehouse, and not to make room."""
    monkeypatch.setattr(failures, "FULL_BYTES", sys.maxsize)
    shown = failures.explained(error, tmp_path)
    assert str(shown) == f"The disk of {tmp_path} is full. Make room on it, then run again."
    assert shown.exit_code == 1


@pytest.mark.parametrize("error", VAGUE, ids=str)
def test_a_vague_reason_on_a_disk_with_room_is_no_full_disk(error: Exception, tmp_path: Path) -> None:
    assert "is full. " not in str(failures.explained(error, tmp_path))


def test_a_plain_reason_wins_on_a_full_disk_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(failures, "FULL_BYTES", sys.maxsize)
    shown = failures.explained(os_error(errno.EACCES), tmp_path)
    assert "permission denied" in str(shown)


def test_a_reader_of_the_warehouse_is_named_with_the_file(tmp_path: Path) -> None:
    """Without it, nobody would know which of all programs to close."""
    file = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(file)).close()
    holding = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout
        reader.stdout.readline()
        shown = failures.explained(raised(lambda: duckdb.connect(str(file))))
        reader.communicate(b"\n")
    assert str(shown).startswith(f"{file} is open in another program: ")
    assert f"PID {reader.pid}" in str(shown)
    assert "close it there, then run again" in str(shown)
    assert "http" not in str(shown)
    assert shown.exit_code == 1


def test_a_query_that_needs_more_memory_than_it_may_use_says_which_setting(tmp_path: Path) -> None:
    wide = "SELECT list(i) FROM range(100_000_000) AS r(i)"

    def query() -> None:
        with duckdb.connect(
            config={"memory_limit": "20MB", "threads": 1, "temp_directory": ""}
        ) as connection:
            connection.execute(wide)

    shown = failures.explained(raised(query))
    assert "more memory than FAULTLINE_MEMORY_LIMIT allows. Raise it, or lower FAULTLINE_THREADS" in str(
        shown
    )


def test_a_warehouse_that_is_no_database_may_be_deleted(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    file.write_bytes(b"no database" * 1000)
    shown = failures.explained(raised(lambda: duckdb.connect(str(file))))
    assert str(shown).startswith(f"{file} holds a warehouse that is damaged, or that another version")


def test_a_damaged_warehouse_costs_nobody_the_home(tmp_path: Path) -> None:
    """Without it, an error that names no file would end in the advice to delete all exports and the salt."""
    shown = failures.explained(duckdb.FatalException("database has been invalidated"), tmp_path)
    assert "Delete the file `warehouse.duckdb` below the home" in str(shown)


def test_what_dbt_says_of_a_full_disk_is_a_full_disk() -> None:
    """dbt prints the exceptions of DuckDB, in colour and after its own command."""
    text = (
        "The dbt CLI process with command\n\n`dbt build`\n\nfailed with exit code `1`.\n\n"
        "Errors parsed from dbt logs:\n\n\x1b[31mRuntime Error in model mart_case\n  IO Error: Could not write "
        'file "/disk/warehouse.duckdb": No space left on device\x1b[0m'
    )
    chain = [
        Link("DagsterExecutionStepExecutionError", 'Error occurred while executing op "transform"::'),
        Link("DagsterDbtCliRuntimeError", text),
    ]
    assert str(failures.of_chain(chain)).startswith("The disk of /disk/warehouse.duckdb is full.")


def test_a_stack_trace_of_a_tool_does_not_name_the_place() -> None:
    """Without it, a full disk would be that of the program, because a frame of dbt stands before the reason."""
    text = (
        'Traceback:\n  File "/usr/lib/dbt/requires.py", line 1\nOSError: [Errno 28] No space left on device\n'
    )
    shown = failures.of_rules([Link("dbt", text)], Path("/the home"))
    assert str(shown).startswith("The disk of /the home is full.")


@pytest.mark.parametrize(
    ("own", "code"), [(RunError, 1), (PublishError, 1), (ConfigurationError, 2), (InterruptedRunError, 130)]
)
def test_a_sentence_of_our_own_wins_anywhere_in_the_chain(own: type[Exception], code: int) -> None:
    """Without it, people would read the innermost cause instead of what was written for them."""

    def fail() -> None:
        try:
            try:
                raise os_error(errno.ENOSPC)
            except OSError as error:
                raise own("Our own sentence. What to do.") from error
        except Exception as error:
            raise ValueError("what the frame around it says") from error

    error = raised(fail)
    for shown in (
        failures.explained(error),
        failures.of_chain([Link(link.kind, link.message) for link in failures.links(error)]),
    ):
        assert (str(shown), shown.exit_code) == ("Our own sentence. What to do.", code)


def test_what_no_rule_knows_is_shown_as_it_is() -> None:
    shown = failures.explained(raised(lambda: {}["key"]))  # type: ignore[misc]
    assert isinstance(shown, UnknownError)
    assert (str(shown), shown.exit_code) == ("KeyError: 'key'", 1)


def test_only_the_end_of_a_long_message_of_dbt_is_shown() -> None:
    text = "command\n" * 30 + "Errors parsed from dbt logs:\n\nDatabase Error in model x\n" + "line\n" * 50
    lines = str(failures.of_chain([Link("DagsterDbtCliRuntimeError", text)])).splitlines()
    assert lines[0] == "Database Error in model x"
    assert len(lines) == 12


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.sentence[:40])
def test_every_sentence_says_what_happened_and_what_to_do(rule: failures.Rule) -> None:
    text = rule.sentence.format_map(
        {"place": "/disk", "process": "python", "reason": "it is so", "module": "m"}
    )
    assert text.endswith(".")
    assert text == "Interrupted." or len(text.split(". ")) >= 2
