"""Every knob of Faultline. The only module that reads the environment."""

import json
import os
import sys
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import duckdb
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.base import durable
from orchestration.base.engine import Limits, bytes_of
from orchestration.errors import ConfigurationError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_PREFIX = "FAULTLINE_"
_ENV_FILE = ".env"


class Settings(BaseSettings):
    """Settings read from `FAULTLINE_*` variables or a `.env` file in the working directory.

    Units stand in the names or descriptions; each setting is listed in `.env.example`. The command that a
    person starts reads them once and hands all of them on: no subprocess reads a `.env` file.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_file=_ENV_FILE, env_file_encoding="utf-8", extra="ignore"
    )

    home: Path = Field(Path("data"), description="everything a run writes lies here")
    sources: Path = Field(Path("data/demo/sources"), description="folder of source YAML files")
    exports: Path = Field(Path("data/demo/exports"), description="folder the exports arrive in")
    as_of: str = Field("", description="ISO 8601 time (UTC) to look from; empty: the newest event")
    salt: SecretStr = Field(
        SecretStr(""), description="key of the identifier hashes; empty: made in state/salt"
    )
    staff_ids: Literal["hashed", "clear"] = Field(
        "hashed", description="ids of agents, owners and evaluators that look like names: hashed or clear"
    )
    memory_limit: str = Field("4GB", description="DuckDB's memory limit, e.g. 8GB")
    threads: int = Field(2, ge=1, description="threads of DuckDB and of dbt's engine")
    schedule: str = Field("0 5 * * *", description="cron time of the daily run, UTC")
    lock_wait_seconds: float = Field(3600, ge=0, description="how long a run waits for another one to end")
    kept_runs: int = Field(
        30, ge=1, description="finished runs that Dagster's store keeps, with logs and previews"
    )

    @field_validator("home", "sources", "exports", mode="before")
    @classmethod
    def _named(cls, folder: object) -> object:
        """Refuses an empty path, which would mean the folder that the command was started in."""
        if isinstance(folder, str) and not folder.strip():
            raise ValueError("it is empty; name a folder, or leave the setting out")
        return folder

    @field_validator("home", "sources", "exports")
    @classmethod
    def _expanded(cls, folder: Path) -> Path:
        """Reads `~` in a file of settings as a shell does."""
        try:
            return folder.expanduser()
        except RuntimeError as error:
            raise ValueError("nobody has that name on this machine") from error

    @field_validator("as_of")
    @classmethod
    def _moment(cls, text: str) -> str:
        try:
            _utc(text)
        except (ValueError, OverflowError) as error:
            raise ValueError("it is no time; write e.g. 2026-01-31T18:00:00Z") from error
        return text

    @field_validator("memory_limit")
    @classmethod
    def _size(cls, memory: str) -> str:
        try:
            bytes_of(memory)
        except (duckdb.Error, ValueError) as error:
            raise ValueError("it is no size; write e.g. 8GB") from error
        return memory

    @property
    def as_of_at(self) -> datetime | None:
        """The moment to look from as naive UTC; None: the newest event."""
        return _utc(self.as_of)

    @cached_property
    def paths(self) -> "Home":
        """The folders below the home."""
        return Home(self.home.resolve())

    @property
    def limits(self) -> Limits:
        """What one connection to DuckDB may use, spilling into the home."""
        return Limits(self.memory_limit, self.threads, self.paths.scratch)


class Home:
    """Where things lie below the home folder (architecture decision: one root for all output)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.raw = root / "raw"
        self.quarantine = root / "quarantine"
        self.state = root / "state"
        self.dagster = root / "dagster"
        self.gx = root / "gx"
        self.dbt = root / "dbt"
        self.docs = root / "docs"
        self.logs = root / "logs"
        self.scratch = root / "tmp"
        self.warehouse = root / "warehouse.duckdb"
        self.publications = root / "publications"
        self.published = root / "published"
        self.run_lock = self.state / "run.lock"
        self.dbt_lock = self.state / "dbt.lock"
        self.parsing_lock = self.dbt / "parsing.lock"
        self.dbt_parsing_lock = self.dbt / "dbt_parsing.lock"
        self.runs = self.state / "runs"

    def create(self) -> "Home":
        """Makes the folders a run writes to; `state` is readable by its owner only.

        Raises:
            orchestration.errors.ConfigurationError: the home is a file.
            OSError: it cannot be written.
        """
        if self.root.exists() and not self.root.is_dir():
            raise ConfigurationError(f"{self.root} is a file. Name a folder with --home.")

        for folder in (self.raw, self.quarantine, self.state, self.dagster, self.gx, self.dbt):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.logs, self.scratch, self.publications, self.runs):
            folder.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        return self


def _utc(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def load(**overrides: object) -> Settings:
    """Reads the settings; `None` overrides are ignored, others win over the environment.

    Raises:
        orchestration.errors.ConfigurationError: a value does not fit, with the variable's name.
    """
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigurationError(_refusal(error.errors()[0], overrides)) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{Path(_ENV_FILE).absolute()} is not UTF-8. Save it as UTF-8.") from error


def _refusal(fault: ErrorDetails, overrides: dict[str, object]) -> str:
    """Which setting does not fit, its value unless it is secret, and why."""
    name = str(fault["loc"][0]).lower()
    is_option = overrides.get(name) is not None
    setting = f"--{name.replace('_', '-')}" if is_option else f"{_PREFIX}{name.upper()}"
    is_secret = Settings.model_fields[name].annotation is SecretStr
    value = "" if is_secret else f" {str(fault['input'])!r}"
    where = "" if is_option else f" It stands in the environment or in {Path(_ENV_FILE).absolute()}."
    reason = fault["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{setting}{value} does not fit: {reason}.{where}"


def variables(settings: Settings) -> dict[str, str]:
    """Every setting as the variable that hands it on to a subprocess.

    Relative paths are absolute from here on, counted from the folder in which the command was started. Links
    stay links: an exports folder may be one that is swapped every day.
    """
    return {f"{_PREFIX}{name.upper()}": _text(getattr(settings, name)) for name in Settings.model_fields}


def _text(value: Any) -> str:
    """A value of a setting as `Settings` reads it from the environment."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        return str(value.absolute())
    return value if isinstance(value, str) else json.dumps(value)


def for_subprocesses(settings: Settings) -> dict[str, str]:
    """Environment of the tools that Faultline starts: all settings, dbt's profile, places, telemetry off."""
    paths = settings.paths
    return variables(settings) | {
        "FAULTLINE_WAREHOUSE": str(paths.warehouse),
        "FAULTLINE_SCRATCH": str(paths.scratch),
        "FAULTLINE_PYTHON": sys.executable,
        "FAULTLINE_RUN_PID": str(os.getpid()),
        "FAULTLINE_DBT_LOCK": str(paths.dbt_lock),
        "DAGSTER_HOME": str(paths.dagster),
        "DBT_LOG_PATH": str(paths.logs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DAGSTER_DBT_PARSE_PROJECT_ON_LOAD": "0",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


def for_parsing(settings: Settings) -> dict[str, str]:
    """Environment of a dbt that parses: it writes no warehouse, and so no run waits for it."""
    return (
        os.environ | for_subprocesses(settings) | {"FAULTLINE_DBT_LOCK": str(settings.paths.dbt_parsing_lock)}
    )


def apply(settings: Settings) -> Settings:
    """Makes the settings those of this process and of every process it starts."""
    settings.paths.create()
    os.environ.update(for_subprocesses(settings))
    for name, text in (("dagster.yaml", _DAGSTER_INSTANCE), ("workspace.yaml", _DAGSTER_WORKSPACE)):
        file = settings.paths.dagster / name
        if not file.exists():
            durable.write(file, text)
    return settings


# One run at a time, also among those the schedule starts; no usage figures leave the machine.
_DAGSTER_INSTANCE = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
"""

_DAGSTER_WORKSPACE = """\
load_from:
  - python_module:
      module_name: orchestration.definitions
      location_name: faultline
"""
