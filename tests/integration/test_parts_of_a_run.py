"""What Dagster shows and publishes when somebody materializes a part of the assets, or a model is broken."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.integration.conftest import DEMO, Run, plain_environment
from tests.integration.lineage import asset_graph

pytestmark = pytest.mark.integration

CODE = ("orchestration", "expectations", "dbt_project", "seeds")
BROKEN = ["marts", "dim_queue"]
CHILDREN = {"marts/mart_journey_event", "published/marts"}
RED = "marts/dim_queue unique_combination_dim_queue_centre__queue_id"
# Materializes a selection as the UI does, and prints what Dagster's store holds afterwards.
SCRIPT = """
import json, sys
import dagster as dg
from orchestration.definitions import build_definitions

definitions = build_definitions()
graph = definitions.resolve_asset_graph()
chosen = {
    "raw": dg.AssetSelection.groups("raw"),
    "published": dg.AssetSelection.assets(["published", "marts"]),
    "broken": dg.AssetSelection.assets(["marts", "dim_queue"]).downstream(),
}[sys.argv[1]]
job = definitions.resolve_implicit_global_asset_job_def()
keys = list(graph.asset_check_keys)

def statuses(instance):
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    return {f"{key.asset_key.to_user_string()} {key.name}": one.status.value for key, one in latest.items()}

with dg.DagsterInstance.get() as instance:
    before = statuses(instance)
    done = job.execute_in_process(
        asset_selection=list(chosen.resolve(graph)), instance=instance, raise_on_error=False
    )
    after = statuses(instance)
errors = [event.step_failure_data.error for event in done.all_events if event.is_step_failure]
while errors and errors[-1].cause:
    errors.append(errors[-1].cause)
answer = {
    "is_successful": done.success,
    "errors": [error.message for error in errors],
    "made": [event.asset_key.to_user_string() for event in done.get_asset_materialization_events()],
    "changed": {name: status for name, status in after.items() if status != before.get(name)},
    "n_checks": len(after),
}
print("ANSWER", json.dumps(answer))
"""


@dataclass(frozen=True)
class Place:
    """A copy of the code and of a home with a publication."""

    code: Path
    home: Path
    exports: Path

    @property
    def publication(self) -> str:
        return (self.home / "published").readlink().name

    def materialize(self, what: str) -> Any:
        environment = plain_environment() | {
            "FAULTLINE_HOME": str(self.home),
            "FAULTLINE_SOURCES": str(DEMO / "sources"),
            "FAULTLINE_EXPORTS": str(self.exports),
        }
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, what],
            cwd=self.code, env=environment, capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
        assert answers, done.stdout[-3000:] + done.stderr[-3000:]
        return json.loads(answers[-1].removeprefix("ANSWER "))


@pytest.fixture
def place(demo: Run, tmp_path: Path) -> Place:
    for name in CODE:
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)  # by it Dagster knows where the project begins
    shutil.copytree(demo.home, tmp_path / "home", symlinks=True)
    shutil.copytree(DEMO / "exports", tmp_path / "exports")
    return Place(tmp_path, tmp_path / "home", tmp_path / "exports")


def test_marts_of_older_exports_are_not_published_as_new(place: Place) -> None:
    """Without it, old marts would be published under the name of new exports, which then count as done."""
    before = place.publication
    file = place.exports / "crm" / "escalations.csv"
    file.write_bytes(file.read_bytes() + b"\n")
    landed = place.materialize("raw")
    assert landed["is_successful"], landed["errors"]
    assert "raw_mapped/escalations" in landed["made"]
    published = place.materialize("published")
    assert not published["is_successful"]
    assert any(
        "were not built from the raw zone as it stands" in error and "Start the job publish_marts" in error
        for error in published["errors"]
    ), published["errors"]
    assert place.publication == before


def test_a_broken_model_turns_one_check_red_and_leaves_the_others_as_they_were(place: Place) -> None:
    """Without it, all checks would read "execution failed", and nobody would see which one found the fault."""
    before = place.publication
    model = next((place.code / "dbt_project" / "models").rglob("dim_queue.sql"))
    sql = model.read_text(encoding="utf-8")
    twice = f"with original as (\n{sql}\n)\nselect * from original union all select * from original\n"
    model.write_text(twice, encoding="utf-8")
    done = place.materialize("broken")
    assert not done["is_successful"]
    assert done["changed"] == {RED: "FAILED"}
    assert done["n_checks"] == len(asset_graph.recorded_checks())
    assert "/".join(BROKEN) in done["made"]
    assert not CHILDREN & set(done["made"])
    assert place.publication == before
