"""A file that is there is whole, and it is on the disk before it has its name."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.base import durable


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was synced and renamed, in order, by name."""
    found: list[tuple[str, str]] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        found.append(("sync", Path(f"/proc/self/fd/{handle}").readlink().name))
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        found.append(("rename", path.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return found


def test_a_file_is_synced_before_it_has_its_name_and_its_folder_after(
    tmp_path: Path, calls: list[tuple[str, str]]
) -> None:
    """Without it, a power cut leaves an empty file under a name that is trusted, or no file at all."""
    durable.write(tmp_path / "mark", "é")
    beside = f".mark.{os.getpid()}.writing"
    assert calls == [("sync", beside), ("rename", beside), ("sync", tmp_path.name)]
    assert (tmp_path / "mark").read_text(encoding="utf-8") == "é"
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_a_folder_is_synced_with_all_it_holds(tmp_path: Path, calls: list[tuple[str, str]]) -> None:
    inner = tmp_path / "building" / "parquet"
    inner.mkdir(parents=True)
    (inner / "mart.parquet").write_text("rows", encoding="utf-8")
    (inner / "link").symlink_to("nowhere")
    durable.put_in_place(tmp_path / "building", tmp_path / "final")
    assert calls == [
        ("sync", "mart.parquet"),
        ("sync", "parquet"),
        ("sync", "building"),
        ("rename", "building"),
        ("sync", tmp_path.name),
    ]


@pytest.mark.parametrize(("owner", "broken"), [(os, "fsync"), (Path, "replace")])
def test_a_full_disk_leaves_the_old_content_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: object, broken: str
) -> None:
    durable.write(tmp_path / "mark", "old")

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(owner, broken, full)
        with pytest.raises(OSError, match="No space left"):
            durable.write(tmp_path / "mark", "new")
    assert (tmp_path / "mark").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_a_secret_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = Path.replace

    def renamed(path: Path, target: Path) -> Path:
        seen.append(path.stat().st_mode & 0o777)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", renamed)
    durable.write(tmp_path / "salt", "secret", mode=0o600)
    assert seen == [0o600]
    assert (tmp_path / "salt").stat().st_mode & 0o777 == 0o600


def test_an_interrupt_leaves_nothing_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, every Ctrl-C during a write would leave a temporary file for ever."""

    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        durable.write(tmp_path / "mark", "new")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_was_writing_is_deleted_by_the_next_write(tmp_path: Path) -> None:
    """Without it, every kill during a write would leave a temporary file for ever."""
    code = (
        "import os, sys; from pathlib import Path; from orchestration.base import durable\n"
        f"os.fsync = lambda _: os.kill(os.getpid(), {signal.SIGKILL:d})\n"
        "durable.write(Path(sys.argv[1]), 'new')"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path / "mark")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    durable.write(tmp_path / "mark", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["mark"]


def test_the_temporary_file_of_a_living_process_and_files_of_others_stay(tmp_path: Path) -> None:
    """Without it, two first starts at once would delete what the other one is about to rename."""
    others = [f".mark.{os.getppid()}.writing", ".marks.999999999.writing", ".mark.old.writing"]
    for name in others:
        (tmp_path / name).touch()
    durable.write(tmp_path / "mark", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, "mark"])


def test_macos_empties_the_cache_of_the_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, str]]
) -> None:
    """Without it, a power cut on a Mac could lose what fsync had reported as written."""
    asked = []
    monkeypatch.setattr(durable, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", lambda handle, call: asked.append(call))
    durable.write(tmp_path / "mark", "new")
    assert asked == [51, 51]
    assert [what for what, _ in calls] == ["rename"]


def test_a_file_system_without_that_call_is_synced_as_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: list[tuple[str, str]]
) -> None:
    def unknown(*_arguments: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(durable, "_FULL_SYNC", 51)
    monkeypatch.setattr(fcntl, "fcntl", unknown)
    durable.write(tmp_path / "mark", "new")
    assert [what for what, _ in calls] == ["sync", "rename", "sync"]
