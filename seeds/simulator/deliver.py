"""Writes a simulation into a folder: exports, source files, truth and manifest."""

import json
import os
from datetime import date, timedelta
from pathlib import Path

import duckdb
from seeds.simulator import damage, scale
from seeds.simulator.centre.world import CANARIES
from seeds.simulator.events import EXPORTED, TABLES
from seeds.simulator.exports import plain
from seeds.simulator.exports.kit import Delivery, Vendor
from seeds.simulator.scenario import ScenarioError
from seeds.simulator.simulation import Report, Simulation
from seeds.simulator.truth import record

BULK_CONTACTS = 1_000_000
"""Above this, a scaled centre is written as Parquet by the source contract."""
TRUTH = ("truth_condition", "truth_fault", "truth_issue", "truth_effect", "truth_blind")


def deliver(
    made: Simulation,
    seed: int,
    out: Path,
    *,
    telephony: Vendor,
    crm: Vendor,
    copies: int,
    period: int,
    report: Report,
) -> dict[str, object]:
    """Writes everything below `out`, plain feeds every `period` days; gives the manifest.

    Raises:
        ScenarioError: if a damage or a table to leave out is unknown, or a vendor's format has no bots.
    """
    connection, world = made.connection, made.world
    if world.centre.bot_share and "legs" in telephony.covers:
        raise ScenarioError(
            f"Exports of {telephony.title} have no bots here. Simulate with `--telephony plain`, or set "
            "`bot_share` of the centre to 0."
        )
    report("Writing the truth")
    record.build(connection, made.faults, made.course.escalated, made.counterfactual)
    record.write(connection, out / "truth" / "events", [name for name in TABLES if name != "touches"])
    blind, late = damage.apply(connection, world, made.scenario.damage)
    record.note_blind(connection, blind)
    record.write(connection, out / "truth", list(TRUTH))
    (out / "truth" / "canaries.txt").write_text("\n".join(CANARIES) + "\n", encoding="utf-8")
    left_out = _leave_out(connection, made.scenario.without)

    n_contacts = _count(connection, "contacts") * copies
    is_bulk = copies > 1 and n_contacts > BULK_CONTACTS
    if is_bulk and (telephony.covers or crm.covers):
        report("Above a million contacts exports are Parquet by the source contract, whatever the vendor")
    last = world.centre.starts_on + timedelta(days=world.centre.days)
    delivery = Delivery(connection, out / "exports", world.centre.name, last, is_bulk=copies > 1)
    feeds = plain.ALL - left_out
    vendors = [] if is_bulk else [one for one in (telephony, crm) if one.covers]
    for vendor in vendors:
        feeds -= vendor.covers - (vendor.per_contact if delivery.is_bulk else frozenset())
        if vendor.channels:
            feeds |= vendor.covers & plain.OF_CHANNELS - left_out
    kind = "parquet" if is_bulk else "csv"
    if is_bulk:
        report(f"Writing {n_contacts:,} contacts as Parquet")
        _bulk(delivery, feeds, copies)
    else:
        if copies > 1:
            report(f"Multiplying by {copies}")
            scale.multiply(connection, copies, list(TABLES))
        for vendor in vendors:
            report(f"Writing the exports of {vendor.name}")
            vendor.export(delivery)
        report("Writing plain feeds")
        plain.export(delivery, feeds, period, other_channels=telephony.channels)
    _postpone(out / "exports", late)
    texts = plain.sources(delivery, feeds, crm, kind)
    texts |= {f"{world.centre.name}_{vendor.name}": vendor.source(delivery, crm) for vendor in vendors}
    (out / "sources").mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")
    manifest: dict[str, object] = {
        "scenario": made.scenario.name,
        "about": made.scenario.about,
        "seed": seed,
        "copies": copies,
        "telephony": telephony.name,
        "crm": crm.name,
        "first_day": world.centre.starts_on.isoformat(),
        "last_day": last.isoformat(),
        "n_contacts": n_contacts,
        "n_issues": _count(connection, "issues") if is_bulk or copies == 1 else None,
        "faults": [f"{fault.fault_id} {fault.scope} {fault.intensity}" for fault in made.faults],
        "rows": dict(sorted(delivery.files.items())),
    }
    _finish(out / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return manifest


def _finish(manifest: Path, text: str) -> None:
    """Writes the manifest, which says that all else is there: whole, or not at all."""
    writing = manifest.with_name(f"{manifest.name}.writing")
    with writing.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    writing.replace(manifest)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchall()[0][0])


def _leave_out(connection: duckdb.DuckDBPyConnection, without: list[str]) -> frozenset[str]:
    """Empties what is never delivered: whole tables, or single columns written `table.column`."""
    tables = set()
    for name in without:
        table, _, column = name.partition(".")
        if column not in (*EXPORTED.get(table, ()), "") or table not in EXPORTED:
            raise ScenarioError(f"`without`: there is no '{name}'. Write a table, or table.column.")
        if column:
            connection.execute(f'UPDATE "{table}" SET "{column}" = NULL')
        else:
            connection.execute(f'DELETE FROM "{table}"')
            tables.add(table)
    return frozenset(tables)


def _bulk(delivery: Delivery, tables: frozenset[str], copies: int) -> None:
    for domain, names in plain.DOMAINS.items():
        for table in names:
            if table in tables and _count(delivery.connection, table):
                columns = ", ".join(
                    f"array_to_string({column}, '|') AS {column}"
                    if TABLES[table][column] == "list"
                    else column
                    for column in plain.columns(delivery.connection, table)
                )
                columns += ', body AS "Body"' if table == "messages" else ""
                delivery.whole(
                    f"{domain}/{table}.parquet",
                    f"SELECT {columns} FROM ({scale.multiplied(table, copies)})",
                    "FORMAT parquet",
                )


def _postpone(exports: Path, late: list[tuple[str, int]]) -> None:
    """Moves a day's files to the delivery nine days later, beside what is there."""
    for table, day in late:
        there = date.fromordinal(date(1970, 1, 1).toordinal() + day)
        for found in sorted(exports.glob(f"*/{there.isoformat()}/{table}.csv")):
            target = found.parents[1] / (there + timedelta(days=damage.LATE_DAYS)).isoformat() / table
            target.mkdir(parents=True, exist_ok=True)
            found.rename(target / f"{table}.csv")
