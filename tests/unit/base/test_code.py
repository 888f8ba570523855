"""A digest of code changes with what decides, wherever it is imported from, and with nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.base import code
from orchestration.runs import dbt_project
from orchestration.sources import source_files

FILES = {
    "app/__init__.py": '"""The app."""\n',
    "app/land.py": (
        '"""Lands."""\n\n'
        "from typing import TYPE_CHECKING\n\n"
        "import json\n"
        "from app import text\n"
        "from app.deep.read import rows  # reads\n\n"
        "if TYPE_CHECKING:\n    from app.config import Config\n\n"
        'LIMIT = 5\n"""How many."""\nWORDS = "words.yml"\n\n\n'
        'def land(config: "Config") -> int:\n    """Lands all."""\n    from app.late import more\n\n    return LIMIT\n'
    ),
    "app/text.py": "def fold(value):\n    return value.lower()\n",
    "app/config.py": "class Config:\n    pass\n",
    "app/late.py": "import duckdb\n\nmore = 1\n",
    "app/deep/__init__.py": "",
    "app/deep/read.py": "import yaml\nfrom app.deep import base\n\nrows = base.rows\n",
    "app/deep/base.py": "import os.path\n\nrows = [1, 2]\n",
    "app/page.py": "title = 'Page'\n",
    "app/words.yml": "- one\n",
    "app/titles.yml": "- Page\n",
}
Spoil = Callable[[str, str, str], str]


@pytest.fixture
def changed(tmp_path: Path) -> Spoil:
    """The digest of `app.land` after a change of one file; other folders keep the original."""
    number = 0

    def write(file: str, old: str, new: str) -> str:
        nonlocal number
        number += 1
        root = tmp_path / str(number)
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            assert name != file or old in text
            path.write_text(text.replace(old, new) if name == file else text, encoding="utf-8")
        return code.digest("app.land", root=root)

    return write


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("app/land.py", "LIMIT = 5", "LIMIT = 6"),
        ("app/text.py", "lower", "casefold"),
        ("app/deep/read.py", "base.rows", "base.rows[:1]"),
        ("app/deep/base.py", "[1, 2]", "[2, 1]"),
        ("app/late.py", "more = 1", "more = 2"),
        ("app/deep/__init__.py", "", "rows = []"),
        ("app/words.yml", "one", "two"),
    ],
)
def test_a_change_of_a_module_that_is_reached_changes_the_digest(
    changed: Spoil, file: str, old: str, new: str
) -> None:
    """Without it, what was landed by the old code stays, and nobody hears of it."""
    assert changed(file, old, new) != changed("app/page.py", "", "")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("app/land.py", "  # reads", "  # reads rows, slowly"),
        ("app/land.py", '"""Lands all."""', '"""Lands everything."""'),
        ("app/land.py", '"""Lands."""', '"""Lands files."""'),
        ("app/land.py", '"""How many."""', '"""How many at most."""'),
        ("app/land.py", "\n\n\ndef", "\ndef"),
        ("app/__init__.py", "The app.", "Our app."),
        ("app/config.py", "pass", "size = 1"),
        ("app/page.py", "Page", "Title"),
        ("app/titles.yml", "Page", "Title"),
    ],
)
def test_words_layout_types_and_other_modules_change_nothing(
    changed: Spoil, file: str, old: str, new: str
) -> None:
    assert changed(file, old, new) == changed("app/page.py", "", "")


def test_another_version_of_a_library_changes_the_digest(
    changed: Spoil, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = changed("app/page.py", "", "")
    version = code._version
    monkeypatch.setattr(code, "_version", lambda name: "9" if name == "yaml" else version(name))
    assert changed("app/page.py", "", "") != before


def test_a_library_is_known_by_its_version_whatever_its_package_is_called() -> None:
    import duckdb
    import yaml

    assert (code._version("yaml"), code._version("duckdb")) == (yaml.__version__, duckdb.__version__)


def test_a_module_that_does_not_exist_is_refused() -> None:
    with pytest.raises(LookupError, match=r"no module orchestration\.absent"):
        code.closure(["orchestration.absent"])


def test_what_lands_depends_on_all_that_reads_and_writes_and_on_no_page_or_setting() -> None:
    reached = set(code.closure([source_files.LANDING_CODE]))
    for name in (
        "base.sql",
        "landing.people.hashing",
        "landing.plan.mapping",
        "landing.plan.timestamps",
        "landing.quarantine",
        "landing.read.documents",
        "landing.read.relations",
    ):
        assert f"orchestration.{name}" in reached
    for name in ("settings", "report.page", "landing.pipeline", "landing.views", "cli", "base.progress"):
        assert f"orchestration.{name}" not in reached
    data = [
        file.name
        for name, tree in code.closure([source_files.LANDING_CODE]).items()
        for file in code._data(name, tree, code.ROOT)
    ]
    assert sorted(data) == ["contract.yml", "text_phrases.csv", "words.yml"]
    assert {"duckdb", "pyarrow", "phonenumbers"} <= set(
        code.libraries(code.closure([source_files.LANDING_CODE]).values())
    )


def test_what_is_published_depends_on_all_code_between_raw_zone_and_page() -> None:
    """Without it, a run says `Nothing new` over marts that other code made."""
    reached = set(code.closure(dbt_project.STEPS))
    assert {
        "orchestration.landing.views",
        "orchestration.publish.publication",
        "orchestration.report.charts",
        "orchestration.landing.unknown_words",
        "orchestration.runs.dbt_project",
        "expectations.judge",
    } <= reached
    assert {"great_expectations", "altair", "dagster_dbt"} <= set(
        code.libraries(code.closure(dbt_project.STEPS).values())
    )


def test_every_step_of_a_run_counts() -> None:
    folder = code.ROOT / "orchestration" / "defs"
    steps = {f"orchestration.defs.{path.stem}" for path in folder.glob("*.py")}
    no_steps = {
        f"orchestration.defs.{name}" for name in ("__init__", "previews", "python_table", "schedules", "tags")
    }
    assert steps - no_steps == set(dbt_project.STEPS)


@pytest.mark.parametrize("changed_part", ["modules", "files", "dbt"])
def test_the_version_of_the_code_says_which_code_it_is(
    monkeypatch: pytest.MonkeyPatch, changed_part: str
) -> None:
    before = dbt_project.code_version()
    assert before == dbt_project.code_version()
    assert before.startswith(f"{dbt_project.version('faultline')}+")
    if changed_part == "modules":
        monkeypatch.setattr(code, "digest", lambda *_modules: "other")
    elif changed_part == "files":
        monkeypatch.setattr(dbt_project, "fingerprint", lambda _folders: "other")
    else:
        version = dbt_project.version
        monkeypatch.setattr(
            dbt_project, "version", lambda name: "9" if name == "dbt-duckdb" else version(name)
        )
    assert dbt_project.code_version() != before
