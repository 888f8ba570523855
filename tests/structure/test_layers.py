"""Only staging reads sources, one each, and no test is left out: what dbt itself says of the project."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration import settings
from orchestration.runs.dbt_project import DBT_FOLDER
from orchestration.settings import Settings

JUDGED = "source.faultline.judged.blind_spot_results"


def _broken_rules(model: dict[str, Any]) -> list[str]:
    """The rules that a model of the manifest breaks."""
    parents = model["depends_on"]["nodes"]
    n_sources = sum(parent.startswith("source.") for parent in parents)
    is_staging = model["path"].startswith("staging")
    rules = {
        "reads several sources": n_sources > 1,
        "reads sources and models": 0 < n_sources < len(parents),
        "reads staging in staging": is_staging and any(".stg_" in parent for parent in parents),
        "reads a source after staging": n_sources > 0 and not is_staging,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt knows of the project."""
    target = tmp_path_factory.mktemp("target")
    command = [
        str(Path(sys.executable).with_name("dbt")), "parse", "--target-path", str(target),
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
    ]  # fmt: skip
    environment = os.environ | settings.for_subprocesses(Settings(home=target))
    parsed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stdout[-4000:]
    return dict(json.loads((target / "manifest.json").read_text(encoding="utf-8")))


def test_only_staging_reads_sources_and_one_each(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    broken = {model["name"]: rules for model in models if (rules := _broken_rules(model))}
    assert broken == {}


def test_every_table_has_a_test_of_its_key(manifest: dict[str, Any]) -> None:
    """Without it, a table that doubles rows does so unseen until a figure is wrong.

    A run tries the keys of marts, and `make test` those of the tables below them, inlined ones included. The keys of
    staging hold by construction: unit tests of dbt try its macro.
    """
    tested = {
        (node["attached_node"], node["test_metadata"]["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("test_metadata")
    }
    without = [
        node["name"]
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and not node["path"].startswith("staging")
        and (key, "unique_combination" if node["path"].startswith("marts") else "key") not in tested
    ]
    assert without == [], "add `key` with its columns to the `data_tests` of these models"


def test_every_data_test_runs_in_one_of_the_two_builds_of_a_run(manifest: dict[str, Any]) -> None:
    """dbt runs a test where it finds all that the test reads: what it builds, what that reads, and sources.

    It leaves any other test out without a word, and Dagster publishes without its verdict.
    """
    models = {key for key, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    after_judging = _reached(JUDGED, manifest["child_map"]) & models
    assert after_judging
    found = [_found_by(build, manifest) for build in (models - after_judging, after_judging)]
    tests = {
        key: set(node["depends_on"]["nodes"])
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "test"
    }
    assert [key for key, read in tests.items() if not any(read <= build for build in found)] == []


def test_a_model_is_open_to_others_only_where_others_read_it(manifest: dict[str, Any]) -> None:
    """Marts are public. A model that only its own group reads is private, so that no other leans on it.

    What differs from the default of its folder in `dbt_project.yml` says so in its `_models.yml`:
    `config: {access: private}`.
    """
    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    readers: dict[str, set[str]] = {key: set() for key in models}
    for node in manifest["nodes"].values():
        for read in models.keys() & set(node["depends_on"].get("nodes", [])):
            readers[read].add(node["config"]["group"] or models[read]["config"]["group"])
    expected = {model["name"]: _access(model, readers[key]) for key, model in models.items()}
    assert {model["name"]: model["config"]["access"] for model in models.values()} == expected


def _access(model: dict[str, Any], readers: set[str]) -> str:
    if model["path"].startswith(("marts", "reference")):
        return "public"
    return "private" if readers <= {model["config"]["group"]} else "protected"


def test_every_model_and_test_belongs_to_a_group_that_has_an_owner(manifest: dict[str, Any]) -> None:
    groups = {group["name"] for group in manifest["groups"].values() if group["owner"]["email"]}
    kinds = {"model", "seed", "test"}
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in kinds]
    alone = {node["name"] for node in nodes if _group_of(node, manifest) not in groups}
    assert alone == set()
    assert groups == {node["config"]["group"] for node in nodes if node["resource_type"] != "test"}


def _group_of(node: dict[str, Any], manifest: dict[str, Any]) -> str | None:
    """The group of a node; a test of a column or a model has the group of what it is written at."""
    attached = node.get("attached_node")
    return str((manifest["nodes"][attached] if attached else node)["config"]["group"])


def _found_by(build: set[str], manifest: dict[str, Any]) -> set[str]:
    read = set[str]().union(*(_reached(node, manifest["parent_map"]) for node in build))
    return build | read | set(manifest["sources"])


def _reached(start: str, edges: dict[str, list[str]]) -> set[str]:
    """All that lies behind a node, step by step along the edges."""
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        new = set(edges[ahead.pop()]) - reached
        reached |= new
        ahead += new
    return reached
