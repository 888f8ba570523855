"""Every knob of Faultline. The only module that reads the environment."""

import os
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from orchestration.base import durable
from orchestration.base.engine import Limits

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Settings read from `FAULTLINE_*` variables or a `.env` file in the working directory.

    Units stand in the names or descriptions; each setting is listed in `.env.example`.
    """

    model_config = SettingsConfigDict(
        env_prefix="FAULTLINE_", env_file=".env", env_file_encoding="utf-8", extra="ignore"
    )

    home: Path = Field(Path("data"), description="everything a run writes lies here")
    sources: Path = Field(Path("data/demo/sources"), description="folder of source YAML files")
    exports: Path = Field(Path("data/demo/exports"), description="folder the exports arrive in")
    as_of: str = Field("", description="ISO 8601 time (UTC) to look from; empty: the newest event")
    salt: SecretStr = Field(
        SecretStr(""), description="key of the identifier hashes; empty: made in state/salt"
    )
    memory_limit: str = Field("4GB", description="DuckDB's memory limit, e.g. 8GB")
    threads: int = Field(2, ge=1, description="threads of DuckDB and of dbt's engine")
    schedule: str = Field("0 5 * * *", description="cron time of the daily run, UTC")
    lock_wait_seconds: float = Field(3600, ge=0, description="how long a run waits for another one to end")

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
        self.logs = root / "logs"
        self.scratch = root / "tmp"
        self.warehouse = root / "warehouse.duckdb"
        self.publications = root / "publications"
        self.published = root / "published"

    def create(self) -> "Home":
        """Makes the folders a run writes to; `state` is readable by its owner only."""
        for folder in (self.raw, self.quarantine, self.state, self.dagster, self.gx, self.dbt):
            folder.mkdir(parents=True, exist_ok=True)
        for folder in (self.logs, self.scratch, self.publications):
            folder.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        return self


def load(**overrides: object) -> Settings:
    """Reads the settings; `None` overrides are ignored, others win over the environment.

    Raises:
        orchestration.errors.ConfigurationError: a value does not fit, with the variable's name.
    """
    from pydantic import ValidationError

    from orchestration.errors import ConfigurationError

    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = f"FAULTLINE_{'_'.join(str(part) for part in first['loc']).upper()}"
        raise ConfigurationError(f"{name}: {first['msg']} (given: {first['input']!r}).") from error


def for_subprocesses(settings: Settings) -> dict[str, str]:
    """Environment of the tools that Faultline starts: dbt's profile, places, telemetry off."""
    paths = settings.paths
    return {
        "FAULTLINE_HOME": str(paths.root),
        "FAULTLINE_SOURCES": str(settings.sources.resolve()),
        "FAULTLINE_EXPORTS": str(settings.exports.resolve()),
        "FAULTLINE_AS_OF": settings.as_of,
        "FAULTLINE_WAREHOUSE": str(paths.warehouse),
        "FAULTLINE_MEMORY_LIMIT": settings.memory_limit,
        "FAULTLINE_THREADS": str(settings.threads),
        "FAULTLINE_SCRATCH": str(paths.scratch),
        "DAGSTER_HOME": str(paths.dagster),
        "DBT_LOG_PATH": str(paths.logs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DAGSTER_DBT_PARSE_PROJECT_ON_LOAD": "0",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "false",
    }


def environment(settings: Settings) -> dict[str, str]:
    """The environment of this process with Faultline's part of it, for a tool that is started."""
    return os.environ | for_subprocesses(settings)


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
