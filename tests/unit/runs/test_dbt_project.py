"""The parsed dbt project in the home: whole, and of today's models, or made anew."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.errors import RunError
from orchestration.runs import dbt_project
from orchestration.settings import Settings

WHOLE = json.dumps({"nodes": {"model.faultline.mart_case": {}}})
Writes = Callable[[str, int], None]


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Writes:
    """Puts a program in dbt's place, which writes a manifest and ends with a code; it logs its starts."""
    program = tmp_path / "dbt"
    monkeypatch.setattr(dbt_project, "DBT_EXECUTABLE", program)

    def writes(manifest: str, code: int = 0) -> None:
        program.write_text(
            f"#!{sys.executable}\n"
            "import pathlib, sys\n"
            "folder = pathlib.Path(sys.argv[sys.argv.index('--target-path') + 1])\n"
            f"(folder / 'manifest.json').write_text({manifest!r})\n"
            "(folder / 'partial_parse.msgpack').write_text('parsed')\n"
            f"with open({str(tmp_path / 'starts')!r}, 'a') as log: log.write('.')\n"
            f"print('No space left on device'); sys.exit({code})\n",
            encoding="utf-8",
        )
        program.chmod(0o755)

    return writes


def _starts(tmp_path: Path) -> int:
    return len((tmp_path / "starts").read_text(encoding="utf-8"))


def test_the_manifest_is_parsed_once_and_dbt_finds_its_cache(
    config: Settings, dbt: Writes, tmp_path: Path
) -> None:
    dbt(WHOLE, 0)
    for _ in range(2):
        assert dbt_project.prepare(config).manifest_path.read_text(encoding="utf-8") == WHOLE
    assert _starts(tmp_path) == 1
    assert (dbt_project.target(config) / "partial_parse.msgpack").exists()
    assert dbt_project.target(config) != dbt_project.prepare(config).manifest_path.parent


def test_a_parse_begun_ahead_is_the_only_one(config: Settings, dbt: Writes, tmp_path: Path) -> None:
    dbt(WHOLE, 0)
    ahead = dbt_project.parse_ahead(config)
    assert dbt_project.prepare(config).manifest_path.read_text(encoding="utf-8") == WHOLE
    ahead.join()
    assert _starts(tmp_path) == 1


def test_only_prepare_reports_a_parse_that_failed_ahead(config: Settings, dbt: Writes) -> None:
    dbt("{}", 2)
    dbt_project.parse_ahead(config).join()
    with pytest.raises(RunError, match="is full"):
        dbt_project.prepare(config)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda manifest: manifest.write_text(WHOLE[:20], encoding="utf-8"),
        lambda manifest: manifest.write_text("", encoding="utf-8"),
        lambda manifest: manifest.write_text(WHOLE.replace("case", "cast"), encoding="utf-8"),
        lambda manifest: manifest.unlink(),
        lambda manifest: manifest.with_name("parsed_from").write_text("", encoding="utf-8"),
        lambda manifest: manifest.with_name("parsed_from").write_bytes(b"\xff"),
        lambda manifest: manifest.with_name("parsed_from").unlink(),
    ],
    ids=["cut", "empty", "other", "gone", "mark empty", "mark damaged", "mark gone"],
)
def test_a_manifest_that_does_not_fit_its_mark_is_parsed_anew(
    config: Settings, dbt: Writes, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    """Without it, a manifest that a full disk cut off broke every later run of the home."""
    dbt(WHOLE, 0)
    spoil(dbt_project.prepare(config).manifest_path)
    assert dbt_project.prepare(config).manifest_path.read_text(encoding="utf-8") == WHOLE
    assert _starts(tmp_path) == 2


@pytest.mark.parametrize(("manifest", "code"), [(WHOLE[:20], 0), ("{}", 0), (WHOLE, 2)])
def test_a_parse_that_was_cut_off_leaves_the_last_manifest_and_the_next_one_heals(
    config: Settings, dbt: Writes, monkeypatch: pytest.MonkeyPatch, manifest: str, code: int
) -> None:
    dbt(WHOLE, 0)
    last = dbt_project.prepare(config).manifest_path
    monkeypatch.setattr(dbt_project, "fingerprint", lambda _folders: "other models")
    dbt(manifest, code)
    with pytest.raises(RunError, match=r"The disk of .*home is full\. Make room on it, then run again\."):
        dbt_project.prepare(config)
    assert last.read_text(encoding="utf-8") == WHOLE
    left = {path.name for path in config.paths.dbt.iterdir()}
    assert left == {"parsed", "parsing.lock", "dbt_parsing.lock", "target"}
    mended = WHOLE.replace("case", "contact")
    dbt(mended, 0)
    assert dbt_project.prepare(config).manifest_path.read_text(encoding="utf-8") == mended


def test_what_dbt_writes_in_place_is_not_what_later_runs_read(config: Settings, dbt: Writes) -> None:
    dbt(WHOLE, 0)
    dbt_project.prepare(config)
    (dbt_project.target(config) / "manifest.json").write_text(WHOLE[:20], encoding="utf-8")
    assert dbt_project.prepare(config).manifest_path.read_text(encoding="utf-8") == WHOLE


def test_another_version_of_dbt_parses_anew(
    config: Settings, dbt: Writes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt(WHOLE, 0)
    dbt_project.prepare(config)
    monkeypatch.setattr(dbt_project, "version", lambda _name: "1.11.99")
    dbt_project.prepare(config)
    assert _starts(tmp_path) == 2
