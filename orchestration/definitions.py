"""Faultline as Dagster sees it: loads `defs/` and binds the resources, in one place."""

from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource

from orchestration.dbt_project import DBT_EXECUTABLE, DBT_FOLDER
from orchestration.workspace import Workspace


def build_definitions(**resources: Any) -> dg.Definitions:
    """The definitions with resources that tests and the command line may replace by name."""
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    bound = {
        "workspace": Workspace(),
        "dbt": DbtCliResource(
            project_dir=str(DBT_FOLDER), profiles_dir=str(DBT_FOLDER), dbt_executable=str(DBT_EXECUTABLE)
        ),
    }
    # One process for every way to start a run, "Materialize all" too: one lock from first step to last.
    shared = dg.Definitions(resources=bound | resources, executor=dg.in_process_executor)
    return dg.Definitions.merge(loaded, shared)


@dg.definitions
def defs() -> dg.Definitions:
    """Entry point of `dg` and of the Dagster UI."""
    return build_definitions()
