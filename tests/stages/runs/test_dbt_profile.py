"""The dbt profile: limits and places hold for the whole build, however much of it spills to disk."""

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from tests.conftest import PROJECT

# More than the limit of the test can hold: the sort must spill.
SPILLING = "CREATE OR REPLACE TABLE sorted AS SELECT md5(i::VARCHAR) AS key FROM range(2_000_000) AS r(i) ORDER BY key"


def profile(**variables: str) -> dict[str, Any]:
    """The connection that dbt would make under these environment variables."""
    text = (PROJECT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8")
    rendered = jinja2.Template(text).render(env_var=variables.get)
    return yaml.safe_load(rendered)["faultline"]["outputs"]["duckdb"]


@pytest.fixture
def environment(tmp_path: Path) -> LocalEnvironment:
    connection = profile(
        FAULTLINE_WAREHOUSE=str(tmp_path / "warehouse.duckdb"),
        FAULTLINE_MEMORY_LIMIT="60MB",
        FAULTLINE_THREADS="1",
        FAULTLINE_SCRATCH=str(tmp_path / "spill"),
    )
    del connection["type"], connection["threads"]
    return LocalEnvironment(
        DuckDBCredentials.from_dict({"schema": "main", "database": "warehouse"} | connection)
    )


def test_a_build_goes_on_after_a_model_has_spilled(environment: LocalEnvironment, tmp_path: Path) -> None:
    """Without it, the first model after one that spilled would end the run of a large centre."""
    for _ in range(2):  # dbt takes a new cursor for every model
        cursor = environment.handle().cursor()
        cursor.execute(SPILLING)
    found = "SELECT count(*) FROM sorted"
    assert cursor.execute(found).fetchone() == (2_000_000,)
    assert (tmp_path / "spill").is_dir(), "nothing spilled: the test proves nothing"
    environment.close()


def test_every_cursor_has_the_limits_and_the_zone(environment: LocalEnvironment, tmp_path: Path) -> None:
    """Without it, one model could take all memory of the machine or read times in another zone."""
    names = ("memory_limit", "threads", "temp_directory", "preserve_insertion_order", "TimeZone")
    wanted = ("57.2 MiB", 1, str(tmp_path / "spill"), False, "UTC")
    assert profile()["settings"]["enable_progress_bar"] is False
    selected = ", ".join(f"current_setting('{name}')" for name in names)
    for _ in range(2):
        assert environment.handle().cursor().execute(f"SELECT {selected}").fetchone() == wanted
    environment.close()
