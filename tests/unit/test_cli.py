"""What the command line tells people to type next."""

import os
import shlex
from pathlib import Path

import pytest

from orchestration import cli
from tests.unit.extract.place import cases, csv_text

HEADER = "case_id,opened_at,status"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an export, in which the commands are typed."""
    for name in [name for name in os.environ if name.startswith("FAULTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "from crm").mkdir()
    (tmp_path / "from crm" / "cases.csv").write_text(csv_text(*cases(30), header=HEADER))
    return tmp_path


def test_each_step_names_the_next_one_with_its_folders(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it, the suggested command would look into the folders of the demo and fail."""
    cli.sources_new(Path("from crm/cases.csv"), output=Path("described/crm.yml"))
    shown = capsys.readouterr().out
    assert shown.strip().endswith("faultline sources check --sources described --exports 'from crm'")
    command = shlex.split(shown.rpartition("then run: ")[2])
    arguments = dict(zip(command[3::2], map(Path, command[4::2]), strict=True))
    cli.sources_check(sources=arguments["--sources"], exports=arguments["--exports"])
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.endswith("Next: faultline run --sources described --exports 'from crm'")


def test_what_the_settings_say_is_left_out_of_the_next_step(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text("FAULTLINE_SOURCES=described\nFAULTLINE_EXPORTS=from crm\n")
    cli.sources_new(Path("from crm/cases.csv"))
    assert capsys.readouterr().out.strip().endswith("then run: faultline sources check")
