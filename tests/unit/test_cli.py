"""What the command line says to type next."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from orchestration import cli
from tests.conftest import PROJECT
from tests.stages.place import cases, csv_text

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


def test_a_run_forgets_what_landed_before_its_own_dbt_starts(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, `run --land-anew` says that dbt of another run is at work, and waits for its own."""
    steps: list[str] = []
    monkeypatch.setattr(cli.settings, "apply", lambda config: config)
    monkeypatch.setattr(cli, "_check_configuration", lambda config: None)
    monkeypatch.setattr(cli, "_forget_landed", lambda config: steps.append("forget"))
    monkeypatch.setattr(cli.dbt_project, "parse_ahead", lambda config: steps.append("dbt"))
    monkeypatch.setattr("orchestration.job.run", lambda config, *, is_debugging: steps.append("run"))
    cli.run(home=folder / "home", land_anew=True)
    assert steps == ["forget", "dbt", "run"]


def test_a_python_that_is_too_old_is_refused_in_one_sentence() -> None:
    """Without it, people on an older system would read a stack trace of an import."""
    code = "import sys; sys.version_info = (3, 10, 4, 'final', 0); import orchestration.cli"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Error Faultline needs Python 3.11 or newer; this is 3.10. Set it up")
    assert done.stderr.count("\n") == 1


def test_the_oldest_python_is_that_of_the_package() -> None:
    import orchestration

    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert declared == ">=" + ".".join(map(str, orchestration._OLDEST))
