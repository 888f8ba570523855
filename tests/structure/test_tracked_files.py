"""What is committed reveals nothing of the machine it was written on, and holds nobody else's data."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.conftest import REAL_DATA, need
from tests.structure.reading import name_of, our_files

MACHINE_PATHS = r"(?<![\w.:}/-])/(?:work(?![\w-])|(?:home|tmp|root|mnt|Users)/\w)|\b[A-Z]:\\Users"
# Written so that this file does not find itself.
REGISTRIES = "|".join(
    (
        r"pypi[.]org",
        r"files[.]pythonhosted",
        r"registry[.]npmjs",
        r"proxy[.]golang",
        r"repo[.]maven",
        r"hub[.]getdbt",
        r"--(extra-)?index[-]url",
        r"--find[-]links",
        r"--trusted[-]host",
    )
)
LARGEST_TEXT_BYTES = 5_000_000
PICTURES_AND_FONTS = (".png", ".svg", ".ico", ".woff2")


def _texts() -> list[tuple[Path, str]]:
    texts = []
    for path in our_files():
        if path.stat().st_size > LARGEST_TEXT_BYTES:
            continue
        content = path.read_bytes()
        if b"\0" not in content:
            texts.append((path, content.decode("utf-8", errors="replace")))
    return texts


def _found(pattern: str) -> list[str]:
    return [
        f"{name_of(path)}: {match.group()}" for path, text in _texts() for match in re.finditer(pattern, text)
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_no_path_of_a_machine_is_committed() -> None:
    assert not _found(MACHINE_PATHS)


def test_no_address_of_a_package_registry_is_committed() -> None:
    assert not _found(REGISTRIES)


def test_the_lock_file_names_no_address_at_all() -> None:
    locks = [text for path, text in _texts() if path.name.startswith("requirements")]
    assert locks
    assert not any("://" in text for text in locks)


def test_no_file_of_the_real_data_is_committed() -> None:
    need(REAL_DATA.is_dir(), f"no real data in {REAL_DATA} (set FAULTLINE_REAL_DATA)")
    by_size: dict[int, list[Path]] = {}
    for path in REAL_DATA.rglob("*"):
        if path.is_file() and path.stat().st_size:
            by_size.setdefault(path.stat().st_size, []).append(path)
    copies = [
        name_of(path)
        for path in our_files()
        for other in by_size.get(path.stat().st_size, [])
        if _digest(path) == _digest(other)
    ]
    assert not copies


@pytest.mark.parametrize("text", ["see /" + "work/main", "= '/" + "home/me/x'", 'open("/' + 'tmp/x")'])
def test_machine_paths_are_recognised(text: str) -> None:
    assert re.search(MACHINE_PATHS, text)


@pytest.mark.parametrize(
    "text", ["tests/tmp_path", "https://example.com/" + "home/", "docs/" + "work", "its/tmp/x"]
)
def test_other_paths_are_left_alone(text: str) -> None:
    assert not re.search(MACHINE_PATHS, text)


def test_only_texts_pictures_and_fonts_are_committed() -> None:
    """A database in the repository is somebody's accident; fixtures may be packed."""
    binary = [name_of(path) for path in our_files() if b"\0" in path.read_bytes()[:8_000]]
    assert [
        name for name in binary if not name.endswith(PICTURES_AND_FONTS) and "/fixtures/" not in name
    ] == []
