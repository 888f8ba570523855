"""ServiceNow: tables of a developer instance as an extractor lands them, the base table of tasks apart.

The one task in them is a change, which is no case; the incident has no row among the tasks.
"""

import csv
import shutil
from pathlib import Path

FOLDER = Path("vendor-tables", "servicenow")
TABLES = ("incident", "task", "task_sla", "sys_user", "sys_user_group", "sys_user_grmember")
SOURCES = {
    "servicenow.yml": "source: servicenow\ncentre: servicenow\nconnector: servicenow\ntime_zone: UTC\nfiles:\n"
    + "".join(f"  {name}: {{glob: servicenow/{name}_data.csv}}\n" for name in TABLES)
}


def deliver(real_data: Path, exports: Path) -> None:
    """Lays the tables into one folder, under the names that the extractor gives them."""
    target = exports / "servicenow"
    target.mkdir(parents=True)
    for name in TABLES:
        shutil.copy(real_data / FOLDER / f"{name}_data.csv", target)


def expected_rows(real_data: Path) -> dict[str, set[str]]:
    """Every incident that was not deleted."""
    with (real_data / FOLDER / "incident_data.csv").open(encoding="utf-8", newline="") as lines:
        incidents = {
            row["sys_id"] for row in csv.DictReader(lines) if row["_fivetran_deleted"].lower() != "true"
        }
    return {"mart_case": incidents, "mart_contact": set()}
