"""The centres that Spark is tried on: plain feeds, and each vendor once, as sources of one run on DuckDB."""

from pathlib import Path

import yaml

from orchestration.settings import Home
from orchestration.sources import source_files
from orchestration.sources.source_files import Source
from tests.integration.conftest import faultline, run

N_CONTACTS = 1_500
# Telephony and CRM of each centre.
SYSTEMS = {
    "plain_feeds": ("plain", "plain"),
    "amazon_connect_salesforce": ("amazon_connect", "salesforce"),
    "asterisk_zendesk": ("asterisk", "zendesk"),
    "genesys_cloud_servicenow": ("genesys_cloud", "servicenow"),
}


def build(place: Path, contacts: int = N_CONTACTS) -> tuple[Home, list[Source]]:
    """Simulates the centres and runs all of them into one home below a folder."""
    (place / "sources").mkdir(parents=True)
    for name, (telephony, crm) in SYSTEMS.items():
        scenario = place / f"{name}.yml"
        centre = {"about": "A centre on two engines.", "extends": "demo", "centre": {"name": name}}
        scenario.write_text(yaml.safe_dump(centre), encoding="utf-8")
        options = ("--scenario", scenario, "--contacts", contacts, "--every", 7)
        done = faultline(
            "simulate", place / "exports" / name, *options, "--telephony", telephony, "--crm", crm
        )
        assert done.returncode == 0, done.stdout + done.stderr
        _move_sources(place, name)
    done = run(place / "sources", place / "exports", place / "home")
    assert done.code == 0, done.output
    sources = [source_files.load(file) for file in sorted((place / "sources").glob("*.yml"))]
    return Home(place / "home"), sources


def _move_sources(place: Path, name: str) -> None:
    """Puts the source files of one centre beside those of the others, with globs that lead to its exports."""
    for file in (place / "exports" / name / "sources").glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        for settings in document["files"].values():
            settings["glob"] = f"{name}/exports/{settings['glob']}"
        text = yaml.safe_dump(document, sort_keys=False)
        (place / "sources" / file.name).write_text(text, encoding="utf-8")
