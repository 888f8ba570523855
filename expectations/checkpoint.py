"""The checkpoint that judges all blind spots of a frame. Importing this imports Great Expectations."""

import logging
import shutil
import warnings
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.run_identifier import RunIdentifier

from expectations.docs.site import SITE
from expectations.results import SCOPE

NAME = "blind_spots"


def open_project(folder: Path) -> Any:
    """A new project of Great Expectations in a folder; whatever was in the folder is deleted."""
    for name in ("great_expectations", "great_expectations.data_context"):
        logging.getLogger(name).setLevel(logging.ERROR)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    context = gx.get_context(mode="file", project_root_dir=str(folder))
    # Great Expectations parses this file hundreds of times in a run. It holds no variable of ours.
    (folder / "gx" / "uncommitted" / "config_variables.yml").unlink()
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    context.variables.data_docs_sites = {"local_site": SITE}
    return context


def add_checkpoint(context: Any, suites: Sequence[gx.ExpectationSuite]) -> Any:
    """The checkpoint with one validation per suite, all of the same frame of shares."""
    asset = context.data_sources.add_pandas("coverage").add_dataframe_asset("affected_shares")
    frame = asset.add_batch_definition_whole_dataframe("scopes")
    validations = [
        context.validation_definitions.add(
            gx.ValidationDefinition(name=suite.name, data=frame, suite=context.suites.add(suite))
        )
        for suite in suites
    ]
    # The query for unexpected rows would repeat their positions, which mean nothing to a reader.
    result_format = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": list(SCOPE),
        "return_unexpected_index_query": False,
    }
    return context.checkpoints.add(
        gx.Checkpoint(name=NAME, validation_definitions=validations, result_format=result_format)
    )


def run(checkpoint: Any, frame: pd.DataFrame, run_name: str) -> dict[str, list[Any]]:
    """Results of each blind spot for a frame with an index named by `SCOPE` and one column of shares each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = checkpoint.run(
            batch_parameters={"dataframe": frame}, run_id=RunIdentifier(run_name=run_name)
        )
    by_spot = defaultdict(list)
    for validation in outcome.run_results.values():
        for result in validation.results:
            by_spot[result.expectation_config.meta["blind_spot_id"]].append(result)
    return dict(by_spot)
