"""Samples of Amazon Connect's documentation. There is none of contact records; one of agents' events does not parse."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

FOLDER = "amazon-connect-doc-samples"
SOURCES = {
    "amazon_connect.yml": """\
source: amazon_connect
centre: amazon_connect
connector: amazon_connect
time_zone: UTC
phone_region: US
files:
  contact_records: {glob: "amazon_connect/contact-records/**/*.json"}
  contact_events: {glob: "amazon_connect/contact-events/*.json"}
  agent_events: {glob: "amazon_connect/agent-events/*.json"}
  analyses: {glob: "amazon_connect/Analysis/**/*.json"}
  evaluations: {glob: "amazon_connect/Evaluations/**/*.json"}
  case_events: {glob: "amazon_connect/case-events/*.json"}
"""
}
# Analyses of calls do not say which call they are of; the names they are delivered under do.
CALLS = {"_1": "0c4a1f52-6f0e-4d0c-9a39-5d2f3b7e8a01", "_2": "0c4a1f52-6f0e-4d0c-9a39-5d2f3b7e8a02"}
LENS = "contact-lens-example-output-files"


def deliver(real_data: Path, exports: Path) -> None:
    """Lays the samples that parse where Amazon Connect delivers them."""
    for sample in _samples(real_data):
        target = exports / "amazon_connect" / _place(sample)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample, target)


def expected_rows(real_data: Path) -> dict[str, set[str]]:
    """Ids of the cases and contacts in the samples."""
    cases: set[str] = set()
    contacts: set[str] = set()
    for sample in _samples(real_data):
        document = json.loads(sample.read_text(encoding="utf-8"))
        cases |= set(_values(document, "caseid"))
        contacts |= set(_values(document, "contactid")) | ({_call(sample)} - {""})
    return {"mart_case": cases, "mart_contact": contacts}


def _samples(real_data: Path) -> list[Path]:
    return [path for path in sorted((real_data / FOLDER).glob("*.json")) if _parses(path)]


def _parses(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _call(sample: Path) -> str:
    tail = sample.name.removeprefix(LENS)[:2] if sample.name.startswith(LENS) else ""
    return CALLS.get(tail, "")


def _place(sample: Path) -> str:
    if sample.name.startswith("contact-events"):
        return f"contact-events/{sample.name}"
    if sample.name.startswith("case-event"):
        return f"case-events/{sample.name}"
    if sample.name.startswith("evaluation"):
        return f"Evaluations/2022/11/14/17:59:29.052Z-{sample.name}"
    document = json.loads(sample.read_text(encoding="utf-8"))
    contact = _call(sample) or document["CustomerMetadata"]["ContactId"]
    is_redacted = document["ContentMetadata"]["Output"] == "Redacted"
    folder = f"Analysis/{document['Channel'].title()}/{'Redacted/' if is_redacted else ''}2022/11/30"
    return f"{folder}/{contact}_analysis_{'redacted_' if is_redacted else ''}2022-11-30T10:00:00Z.json"


def _values(document: object, key: str) -> Iterator[str]:
    if isinstance(document, dict):
        for name, value in document.items():
            if name.lower() == key and isinstance(value, str):
                yield value
            yield from _values(value, key)
    elif isinstance(document, list):
        for item in document:
            yield from _values(item, key)
