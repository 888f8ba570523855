"""dbt's unit tests, one item each: the logic of the models on small made-up inputs.

dbt asks the warehouse for the columns of every input, so all models are built over empty sources first, those of
vendors that a run inlines as views.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from expectations import judge
from orchestration import settings
from orchestration.base import engine
from orchestration.landing import views
from orchestration.runs.dbt_project import DBT_FOLDER
from orchestration.settings import Settings
from tests.structure.reading import unit_tests

TESTS = unit_tests()


def _dbt(config: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs dbt on the warehouse of a home."""
    command = [
        str(Path(sys.executable).with_name("dbt")), *arguments,
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
        "--target-path", str(config.paths.dbt), "--vars", "{inlined: view}",
    ]  # fmt: skip
    environment = os.environ | settings.for_subprocesses(config)
    return subprocess.run(
        command, cwd=DBT_FOLDER, env=environment, capture_output=True, text=True, check=False
    )


def _empty_inputs(config: Settings) -> None:
    """Sources of dbt without rows: the raw zone and the judged blind spots."""
    views.expose(config.paths.warehouse, config.paths, [], None)
    columns = (f"{name} {type_}" for name, type_ in judge.RESULT_TYPES.items())
    with engine.connect(config.paths.warehouse) as connection:
        connection.execute("CREATE SCHEMA judged")
        connection.execute(f"CREATE TABLE judged.blind_spot_results ({', '.join(columns)})")


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt says of each unit test that is asked for, by model and name."""
    config = Settings(home=tmp_path_factory.mktemp("models"))
    config.paths.create()
    _empty_inputs(config)
    built = _dbt(config, "build", "--empty", "--resource-type", "seed", "--resource-type", "model")
    assert built.returncode == 0, built.stdout[-4000:]
    items = [item for item in request.session.items if item.path == request.path]
    names = [item.callspec.params["test"].partition(".")[2] for item in items]  # type: ignore[attr-defined]
    tested = _dbt(config, "test", "--select", *(["test_type:unit"] if len(items) == len(TESTS) else names))
    written = json.loads((config.paths.dbt / "run_results.json").read_text(encoding="utf-8"))
    assert written["args"]["which"] == "test", tested.stdout[-4000:]
    return {one["unique_id"].split(".", 2)[2]: one for one in written["results"]}


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test)  # pytest numbers long values
def test_unit_test(results: dict[str, Any], test: str) -> None:
    assert results[test]["status"] == "pass", results[test]["message"]
