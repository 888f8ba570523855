"""Several simulated centres as sources of one run."""

from pathlib import Path
from typing import Any

import yaml

from tests.integration.conftest import faultline


def simulate(
    place: Path, name: str, scenario: dict[str, Any], telephony: str, crm: str, *options: object
) -> None:
    """Simulates a centre, and lays its exports and source files beside those of the others below a folder.

    Exports are in `place/exports/<name>`, source files in `place/sources`, with globs that lead to the exports.
    """
    (place / "sources").mkdir(parents=True, exist_ok=True)
    file = place / f"{name}.yml"
    centre = scenario.get("centre", {}) | {"name": name}
    file.write_text(yaml.safe_dump(scenario | {"centre": centre}), encoding="utf-8")
    systems = ("--telephony", telephony, "--crm", crm)
    done = faultline(
        "simulate", place / "exports" / name, "--scenario", file, "--every", 7, *systems, *options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for source in (place / "exports" / name / "sources").glob("*.yml"):
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
        for settings in document["files"].values():
            settings["glob"] = f"{name}/exports/{settings['glob']}"
        text = yaml.safe_dump(document, sort_keys=False)
        (place / "sources" / source.name).write_text(text, encoding="utf-8")
