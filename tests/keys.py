"""The keys of the tables below the marts, tried on the warehouse that a run left."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration import settings
from orchestration.defs.transform import KEY_TESTS
from orchestration.runs.dbt_project import DBT_FOLDER
from orchestration.settings import Settings
from tests.integration.conftest import plain_environment


def check_keys(home: Path, scratch: Path) -> None:
    """Fails where rows of a table below the marts share the key that its `_models.yml` states.

    dbt works on a copy of the warehouse below `scratch`, because other tests read the home.
    """
    config = Settings(home=scratch / "keys")
    config.paths.create()
    shutil.copyfile(Settings(home=home).paths.warehouse, config.paths.warehouse)
    command = [
        str(Path(sys.executable).with_name("dbt")), "test", "--select", KEY_TESTS,
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
        "--target-path", str(config.paths.dbt),
    ]  # fmt: skip
    environment = plain_environment() | settings.for_subprocesses(config)
    tested = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    manifest, results = (_written(config.paths.dbt / name) for name in ("manifest.json", "run_results.json"))
    assert results.get("results"), tested.stdout[-4000:]
    assert [
        f"{_table_and_columns(manifest['nodes'][one['unique_id']])}: {one['message']}"
        for one in results["results"]
        if one["status"] != "pass"
    ] == []


def _written(file: Path) -> dict[str, Any]:
    """What dbt wrote; nothing where it ended before."""
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}


def _table_and_columns(test: dict[str, Any]) -> str:
    table = test["attached_node"].rpartition(".")[2]
    return f"rows of {table} share {', '.join(test['test_metadata']['kwargs']['columns'])}"
