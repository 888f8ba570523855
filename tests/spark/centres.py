"""The centres that Spark is tried on: plain feeds, and each vendor once, as sources of one run on DuckDB."""

from pathlib import Path

from orchestration.settings import Home
from orchestration.sources import source_files
from orchestration.sources.source_files import Source
from tests.integration.conftest import run
from tests.integration.simulator.centres import simulate

N_CONTACTS = 1_500
# Telephony and CRM of each centre.
SYSTEMS = {
    "plain_feeds": ("plain", "plain"),
    "amazon_connect_salesforce": ("amazon_connect", "salesforce"),
    "asterisk_zendesk": ("asterisk", "zendesk"),
    "genesys_cloud_servicenow": ("genesys_cloud", "servicenow"),
}


def build(place: Path) -> tuple[Home, list[Source]]:
    """Simulates the centres and runs all of them into one home below a folder."""
    scenario = {"about": "A centre on two engines.", "extends": "demo"}
    for name, (telephony, crm) in SYSTEMS.items():
        simulate(place, name, scenario, telephony, crm, "--contacts", N_CONTACTS)
    done = run(place / "sources", place / "exports", place / "home")
    assert done.code == 0, done.output
    sources = [source_files.load(file) for file in sorted((place / "sources").glob("*.yml"))]
    return Home(place / "home"), sources
