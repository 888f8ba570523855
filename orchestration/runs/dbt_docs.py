"""dbt's documentation of the models: every table and column, its tests and its lineage, as one page."""

import json
import re
from pathlib import Path

from orchestration import settings
from orchestration.base import durable, engine, progress
from orchestration.base.wording import count
from orchestration.errors import ConfigurationError
from orchestration.publish import built
from orchestration.runs import dbt_project
from orchestration.settings import Settings

_WRITTEN = "static_index.html"  # as dbt calls it
_MARK = "made_from"  # the fingerprint of the models that a whole page was written from
_PATHS = re.compile(r'"(root_path|compiled_path|build_path)": ?"[^"]*"')


def write(config: Settings) -> Path:
    """Writes the documentation of the models, with the types of columns as the warehouse holds them.

    Waits for a run that is at work, because dbt opens the warehouse. Takes about 20 seconds. The page counts
    as `current` only if the warehouse holds every table, built by a whole run: dbt describes a table that is
    missing without its columns.

    Returns:
        The page, which opens from disk and loads nothing from a network.

    Raises:
        ConfigurationError: nothing has been built in the home.
        RunError: dbt could not write it; its message is passed on.
    """
    home = config.paths
    if not home.warehouse.is_file():
        raise ConfigurationError(
            f"Nothing has been built in {home.root} yet. Run `faultline run` first, or name another home "
            "with --home."
        )
    from orchestration.runs.workspace import run_lock  # importing Dagster costs seconds

    settings.apply(config)
    target = dbt_project.target(config)
    with run_lock(home, config.lock_wait_seconds):
        progress.say("Writing the documentation of the models")
        made_from = dbt_project.models_fingerprint()
        with engine.connect(home.warehouse, limits=config.limits, read_only=True) as connection:
            present = built.read(connection).relations
        dbt_project.call(config, ["docs", "generate", "--static"], target)
        missing = _documented(target / "manifest.json") - present
        page, mark = home.docs / "index.html", home.docs / _MARK
        home.docs.mkdir(exist_ok=True)
        mark.unlink(missing_ok=True)
        _without_paths(target / _WRITTEN)
        durable.put_in_place(target / _WRITTEN, page)
        if missing:
            progress.warn(
                f"The last run did not build {count(len(missing), 'table')}, so this page is not whole and "
                "will not be published. Run `faultline run`, then `faultline docs` again."
            )
        else:
            durable.write(mark, made_from)
    return page


def _documented(manifest: Path) -> set[built.Relation]:
    """Every table and view that dbt describes; inlined models have none."""
    return {
        (node["schema"], node["name"])
        for node in json.loads(manifest.read_bytes())["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["config"]["materialized"] != "ephemeral"
    }


def _without_paths(page: Path) -> None:
    """Blanks the folders of this machine in a page that will be published."""
    text = page.read_text(encoding="utf-8")
    page.write_text(_PATHS.sub(r'"\1": ""', text), encoding="utf-8")


def current(config: Settings) -> Path | None:
    """The documentation, if there is a whole one of the models as they are now."""
    page, mark = config.paths.docs / "index.html", config.paths.docs / _MARK
    try:
        is_current = mark.read_text(encoding="utf-8") == dbt_project.models_fingerprint()
    except (OSError, ValueError):
        return None
    return page if is_current and page.is_file() else None
