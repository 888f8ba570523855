"""Zendesk Support: tables as an extractor lands them.

They come from several instances: most changes and comments are of tickets that are not among them.
"""

import csv
import shutil
from pathlib import Path

FOLDER = Path("vendor-tables", "zendesk")
TABLES = {
    "extracted_tickets": "ticket",
    "extracted_field_history": "ticket_field_history",
    "extracted_comments": "ticket_comment",
    "extracted_users": "user",
    "extracted_groups": "group",
    "extracted_organizations": "organization",
    "extracted_schedules": "schedule",
    "extracted_holidays": "schedule_holiday",
    "extracted_ticket_slas": "ticket_sla_policy",
    "extracted_sla_targets": "sla_policy_metric_history",
}
SOURCES = {
    "zendesk.yml": "source: zendesk\ncentre: zendesk\nconnector: zendesk\ntime_zone: UTC\nfiles:\n"
    + "".join(f"  {name}: {{glob: zendesk/{table}_data.csv}}\n" for name, table in TABLES.items())
}


def deliver(real_data: Path, exports: Path) -> None:
    """Lays the tables into one folder, under the names that the extractor gives them."""
    target = exports / "zendesk"
    target.mkdir(parents=True)
    for table in TABLES.values():
        shutil.copy(real_data / FOLDER / f"{table}_data.csv", target)


def expected_rows(real_data: Path) -> dict[str, set[str]]:
    """Every ticket that was not deleted."""
    with (real_data / FOLDER / "ticket_data.csv").open(encoding="utf-8", newline="") as lines:
        tickets = {row["id"] for row in csv.DictReader(lines) if row["status"] != "deleted"}
    return {"mart_case": tickets, "mart_contact": set()}
