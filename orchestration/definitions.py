"""Faultline as Dagster sees it: loads `defs/` and binds the resources, in one place."""

from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from orchestration import settings
from orchestration.runs.dbt_project import DBT_EXECUTABLE, DBT_FOLDER
from orchestration.runs.workspace import Workspace


class Dbt(DbtCliResource):
    """dbt for the steps of a run, without what dagster-dbt does before each command and no step uses.

    It would ask dbt for its version in a process of its own, and read all macros of dbt for an adapter that
    fetches metadata: more than two seconds a command.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


def build_definitions(**resources: Any) -> dg.Definitions:
    """The definitions with resources that tests and the command line may replace by name.

    The settings become those of this process first: nobody handed them on to a process of `dg` or of Dagster.

    Raises:
        orchestration.errors.ConfigurationError: a setting does not fit.
        orchestration.errors.RunError: dbt cannot parse its project.
    """
    settings.apply(settings.load())
    loaded = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    bound = {
        "workspace": Workspace.configure_at_launch(),
        "dbt": Dbt(
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
