"""Raw tables: landing the exports and exposing them in the warehouse."""

import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.base import progress
from orchestration.base.text import printable
from orchestration.defs.previews import preview
from orchestration.defs.tags import personal_data
from orchestration.landing import absences, pipeline, report, views
from orchestration.landing.manifest import Manifest
from orchestration.landing.people import hashing
from orchestration.landing.report import Note
from orchestration.publish import state
from orchestration.runs import dbt_project
from orchestration.runs.workspace import Workspace
from orchestration.sources import raw_tables
from orchestration.sources.connectors import bundle
from orchestration.sources.source_files import Source

_SYSTEM_DESCRIPTIONS = {
    "sources": "Which source feeds which entity.",
    "deliveries": "What the manifest says of every delivered file.",
    "parameters": "The moment to look from.",
    "quarantine": "Rows and files that did not fit, with place and reason.",
}


_WORTH_A_LINE_BYTES = 100_000_000
_MOST_NOTES = 20


def _specs() -> list[dg.AssetSpec]:
    shared: dict[str, Any] = {
        "group_name": "raw",
        "kinds": {"duckdb", "parquet"},
        "skippable": True,
        "owners": ["team:data-engineering"],
    }
    tables = [
        dg.AssetSpec(
            [table.schema, table.name],
            description=f"One row per {table.grain.removeprefix('one ')}, as sources delivered it.",
            tags=personal_data(table.columns) | {"domain": "sources"},
            **shared,
        )
        for table in bundle.all_tables()
    ]
    system = [
        dg.AssetSpec(
            [raw_tables.SYSTEM_SCHEMA, table], description=text, tags={"domain": "sources"}, **shared
        )
        for table, text in _SYSTEM_DESCRIPTIONS.items()
    ]
    return [*tables, *system]


@dg.multi_asset(specs=_specs(), name="land_exports")
def land_exports(context: dg.AssetExecutionContext, workspace: Workspace) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Lands what is new and exposes it. Where nothing changed, all that follows is skipped."""
    config, home = workspace.settings, workspace.home
    sources = workspace.sources()

    progress.say("Looking for new exports")
    began = time.perf_counter()
    salt = hashing.load_salt(home.state, config.salt.get_secret_value())
    done = pipeline.land(
        sources,
        config.exports,
        home,
        salt=salt,
        memory_limit=config.memory_limit,
        threads=config.threads,
        staff_ids=config.staff_ids,
        progress=_show_progress,
    )
    _report(context, done, workspace, sources, time.perf_counter() - began)
    inputs = inputs_fingerprint(workspace, sources)
    if state.published_inputs(home) == inputs and home.warehouse.exists():
        progress.say("Nothing new was delivered; the last publication stands.")
        return
    counts = views.expose(home.warehouse, home, sources, config.as_of_at, config.limits, inputs=inputs)
    deliveries = [delivery for landed in done for delivery in landed.deliveries]
    with workspace.connect(read_only=True) as connection:
        for note in report.remaining(connection, sources, deliveries):
            _note(context, note)
    yield from _materializations(workspace, counts)


def _show_progress(advance: pipeline.LandingProgress) -> None:
    n_bytes = sum(file.size for file in advance.group)
    first = advance.group[0].name
    what = first if len(advance.group) == 1 else f"{len(advance.group):,} files of {advance.file_set}"
    if n_bytes >= _WORTH_A_LINE_BYTES:
        progress.say(f"Landing {what} ({n_bytes / 1e6:,.0f} MB) for {advance.source.instance}")
    share = advance.n_bytes_done / max(advance.n_bytes_due, 1)
    speed = advance.n_bytes_done / 1e6 / max(advance.seconds, 1e-3)
    pace = f", {speed:.0f} MB/s" if speed >= 1 else ""
    progress.say(f"Landing {share:.0%}, {advance.n_rows:,} rows{pace}: {what}", share)


def _report(
    context: dg.AssetExecutionContext,
    done: list[pipeline.LandingSummary],
    workspace: Workspace,
    sources: list[Source],
    seconds: float,
) -> None:
    deliveries = [d for landed in done for d in landed.deliveries]
    manifest = Manifest(workspace.home.state)
    if deliveries:
        progress.say(report.figures(deliveries, seconds))
    replaced = list(manifest.replaced(deliveries))
    for earlier, delivery in replaced:
        context.log.info("%s: %s became %s", delivery.file, earlier.digest, delivery.digest)
    landed_now = {delivery.delivery_id for delivery in deliveries}
    before = [one for one in manifest.deliveries if one.delivery_id not in landed_now]
    changes = list(report.changes(deliveries, replaced, before))
    for note in report.ignored([d for landed in done for d in landed.ignored]):
        _note(context, note)
    for note in report.postponed([file for landed in done for file in landed.postponed]):
        _note(context, note)
    for number, note in enumerate(changes):
        _note(context, note, is_shown=number < _MOST_NOTES)
    if len(changes) > _MOST_NOTES:
        progress.say(f"{len(changes) - _MOST_NOTES:,} more such changes stand in the run's log in the UI.")
    exports, state_folder = workspace.settings.exports, workspace.home.state
    for note in absences.notes(manifest, sources, exports, state_folder):
        _note(context, note)
    for note in report.faults(deliveries, manifest, workspace.home, workspace.settings.limits):
        _note(context, note)


def _note(context: dg.AssetExecutionContext, note: Note, *, is_shown: bool = True) -> None:
    log = context.log.warning if note.is_warning else context.log.info
    log(printable(" ".join((note.text, *note.details))))
    if is_shown:
        (progress.warn if note.is_warning else progress.say)(note.text)
        for line in note.details:
            progress.say(f"  {line}")


def inputs_fingerprint(workspace: Workspace, sources: list[Source]) -> str:
    """Changes whenever the published result would: data, mappings, models, or the moment."""
    instances = {source.instance for source in sources}
    newest = Manifest(workspace.home.state).newest().values()
    known = sorted(d.delivery_id for d in newest if d.source_instance in instances)
    described = sorted(f"{s.instance}/{n}/{s.fingerprint(n)}" for s in sources for n in s.feeds)
    derived = sorted((s.instance, s.document.derive_escalations) for s in sources)
    parts = [known, described, derived, dbt_project.code_version(), workspace.settings.as_of]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _materializations(workspace: Workspace, counts: dict[str, int]) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    for table in bundle.all_tables():
        metadata = {"dagster/row_count": counts[table.full_name]}
        yield dg.MaterializeResult(asset_key=[table.schema, table.name], metadata=metadata)
    with workspace.connect(read_only=True) as connection:
        for name in _SYSTEM_DESCRIPTIONS:
            metadata = preview(connection, raw_tables.SYSTEM_SCHEMA, name)
            yield dg.MaterializeResult(asset_key=[raw_tables.SYSTEM_SCHEMA, name], metadata=metadata)
