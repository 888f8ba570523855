"""Settings: read once, handed on whole, refused with the name of the one that does not fit."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from orchestration import settings
from orchestration.errors import ConfigurationError
from orchestration.settings import Settings
from tests.some_settings import some_settings


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("FAULTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_of_a_file_reaches_a_subprocess_that_was_started_elsewhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, `faultline ui` would run under another salt, schedule or folder than `faultline run`."""
    (tmp_path / ".env").write_text("".join(f"{k}={v}\n" for k, v in some_settings().items()))
    here = settings.load()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # Neither the folder of a subprocess nor a file of settings in it changes anything.
    (elsewhere / ".env").write_text("".join(f"{k}=\n" for k in some_settings()))
    given = settings.for_subprocesses(here)
    monkeypatch.chdir(elsewhere)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    here_value, there = getattr(here, name), getattr(settings.load(), name)
    assert here_value != Settings.model_fields[name].default, "the test proves nothing of this setting"
    assert there == (tmp_path / here_value if isinstance(here_value, Path) else here_value)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_setting_that_is_left_at_its_default_does_not_take_that_of_another_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default = settings.load()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".env").write_text("".join(f"{k}={v}\n" for k, v in some_settings().items()))
    given = settings.for_subprocesses(default)
    monkeypatch.chdir(elsewhere)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    expected = getattr(default, name)
    assert getattr(settings.load(), name) == (tmp_path / expected if isinstance(expected, Path) else expected)


def test_a_link_to_the_exports_stays_a_link(tmp_path: Path) -> None:
    """Without it, a UI that runs for weeks would go on reading the folder that the link led to at its start."""
    (tmp_path / "monday").mkdir()
    (tmp_path / "today").symlink_to("monday")
    given = settings.for_subprocesses(settings.load(exports=Path("today")))
    assert given["FAULTLINE_EXPORTS"] == str(tmp_path / "today")


def test_a_file_of_settings_knows_the_home_of_its_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FAULTLINE_EXPORTS", "~/drop")
    assert settings.load().exports == tmp_path / "drop"


@pytest.mark.parametrize(
    ("text", "moment"),
    [("", "None"), ("2026-01-31T18:00:00Z", "2026-01-31 18:00:00"), ("2026-01-31", "2026-01-31 00:00:00"),
     ("2026-01-31T18:00:00+02:00", "2026-01-31 16:00:00"), ("2026-01-31 18:00", "2026-01-31 18:00:00")],
)  # fmt: skip
def test_moments_given_by_a_person(text: str, moment: str) -> None:
    assert str(settings.load(as_of=text).as_of_at) == moment


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("FAULTLINE_AS_OF", "yesterday", "'yesterday' does not fit: it is no time; write e.g. 2026-01-31T18"),
        ("FAULTLINE_AS_OF", "31.01.2026", "it is no time"),
        ("FAULTLINE_AS_OF", "2026-02-31", "it is no time"),
        ("FAULTLINE_AS_OF", "18:00", "it is no time"),
        ("FAULTLINE_AS_OF", "0001-01-01T00:00+14:00", "it is no time"),
        ("FAULTLINE_MEMORY_LIMIT", "4", "'4' does not fit: it is no size; write e.g. 8GB"),
        ("FAULTLINE_MEMORY_LIMIT", "lots", "it is no size"),
        ("FAULTLINE_THREADS", "0", "greater than or equal to 1"),
        ("FAULTLINE_THREADS", "many", "'many' does not fit"),
        ("FAULTLINE_HOME", "", "it is empty; name a folder"),
        ("FAULTLINE_EXPORTS", " ", "it is empty; name a folder"),
        ("FAULTLINE_HOME", "~nobody-of-that-name/x", "nobody has that name"),
        ("FAULTLINE_LOCK_WAIT_SECONDS", "nan", "greater than or equal to 0"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(
    variable: str, value: str, expected: str, tmp_path: Path
) -> None:
    """Without it, a wrong value would stop the run half way, or mean something else."""
    (tmp_path / ".env").write_text(f"{variable}={value!r}\n")
    with pytest.raises(ConfigurationError) as refused:
        settings.load()
    assert str(refused.value).startswith(variable)
    assert expected in str(refused.value)
    assert str(tmp_path / ".env") in str(refused.value), "where it stands is not said"


def test_an_option_is_refused_by_its_own_name() -> None:
    with pytest.raises(ConfigurationError, match=r"^--as-of 'yesterday' does not fit: it is no time"):
        settings.load(as_of="yesterday")


def test_a_file_of_settings_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"FAULTLINE_SALT=gr\xfcn\n")
    with pytest.raises(ConfigurationError, match=r"\.env is not UTF-8"):
        settings.load()


def test_a_refusal_never_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = next(n for n, f in Settings.model_fields.items() if f.annotation is SecretStr)
    with pytest.raises(ConfigurationError) as refused:
        settings.load(**{secret: ["a secret that is no text"]})
    assert "a secret" not in str(refused.value)
