"""Scenario files: which centre, which faults, which decoys, which damage. Errors say where and what to do."""

from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

FOLDER = Path(__file__).parent / "scenarios"
"""Where the scenarios that come with Faultline lie."""

INTENSITIES = {"weak": (0.10, 1.5), "medium": (0.30, 3.0), "strong": (0.60, 5.0)}
"""Share of the scope's contacts that a fault touches, and the escalation risk ratio among them."""


DECOYS = {
    "harder_reason": "one reason is harder than the others: fewer are resolved, more escalate",
    "vip_mix": "one team serves mostly enterprise customers, who escalate more",
    "seasonal_peak": "half as many contacts again for a few weeks",
    "new_product": "a product that starts in the middle of the run brings its own contacts",
    "triage": "three times as many contacts come in through the general desk, as intended",
    "customer_wait": "cases are paused more often, and the customer is asked each time",
    "confounded_knowledge": "articles are used in hard cases: use goes with bad outcomes",
    "high_volume": "one reason has six times its volume, at its normal rate",
    "reporting_improvement": "escalations that always happened are recorded from half time on",
}
"""What looks like a fault and is none."""


class ScenarioError(Exception):
    """A scenario that cannot be used: what is wrong, and what to do."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Centre(_Part):
    """Size and habits of a centre."""

    days: int = Field(120, ge=7, le=730)
    starts_on: date = date(2025, 8, 4)
    teams: int = Field(12, ge=4, le=12)
    queues: int = Field(40, ge=12, le=44)
    reasons: int = Field(60, ge=2, le=60)
    contacts: int = Field(150_000, ge=500, le=200_000, description="more: --scale")
    escalation_rate: float = Field(0.015, gt=0, lt=0.2, description="escalated journeys / journeys")
    service_level: float = Field(0.80, gt=0.3, lt=0.99, description="staffing target, answered in 20 s")
    qa_rate: float = Field(0.03, ge=0, le=1)
    bot_share: float = Field(0.0, ge=0, le=1, description="of live contacts, those that meet a bot first")
    duplicate_case_share: float = Field(
        0.0, ge=0, le=1, description="of contacts about an open case, those that open another one"
    )
    second_score_share: float = Field(
        0.0, ge=0, le=1, description="of evaluated contacts, those that a second evaluator scores, too"
    )
    vendor_pause_share: float = Field(
        0.0, ge=0, le=1, description="of the pauses of cases, those that wait for a vendor"
    )
    name: str = Field("centre", pattern=r"^[a-z][a-z0-9_]*$", description="`centre:` of the sources")


class Fault(_Part):
    """A planted fault; what is left out takes the registry's default."""

    kind: str = Field(alias="break", pattern=r"^(B(0[1-9]|1[0-8])|outage|rumour)$")
    intensity: Literal["weak", "medium", "strong"] = "medium"
    scope: dict[str, str] = Field(default_factory=dict)
    from_day: int | None = Field(None, ge=-60)
    to_day: int | None = Field(None, ge=0)


class Damage(_Part):
    """What an export loses or bends on its way."""

    kind: str
    share: float = Field(0.1, ge=0, le=1)
    tables: list[str] = Field(default_factory=list)
    from_day: int = Field(0, ge=0)
    to_day: int | None = None


class Scenario(_Part):
    """One scenario file."""

    about: str
    centre: Centre = Centre()
    faults: list[Fault] = Field(default_factory=list)
    decoys: list[str] = Field(default_factory=list)
    damage: list[Damage] = Field(default_factory=list)
    stories: list[str] = Field(default_factory=list)
    without: list[str] = Field(default_factory=list, description="tables that are never delivered")
    name: str = ""

    @field_validator("centre", mode="before")
    @classmethod
    def _default_centre(cls, value: Any) -> Any:
        return value or {}

    @field_validator("decoys")
    @classmethod
    def _known_decoys(cls, value: list[str]) -> list[str]:
        if unknown := set(value) - set(DECOYS):
            raise ValueError(
                f"no decoy is called {', '.join(sorted(unknown))}; choose of {', '.join(DECOYS)}"
            )
        return value


def names() -> list[str]:
    """Scenarios that come with Faultline."""
    return sorted(path.stem for path in FOLDER.rglob("*.yml"))


def _find(name: str) -> Path | None:
    return next((path for path in sorted(FOLDER.rglob("*.yml")) if path.stem == name), None)


def load(name: str) -> Scenario:
    """Reads a scenario by name or by path of a YAML file.

    Raises:
        ScenarioError: if there is none, or it does not fit; names the place and the way out.
    """
    path = Path(name)
    if path.suffix not in (".yml", ".yaml"):
        known = _find(name)
        if known is None:
            raise ScenarioError(
                f"There is no scenario '{name}'. Choose one of {', '.join(names())}, or name a .yml file."
            )
        path = known
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} is no YAML: {error}") from None
    if not isinstance(document, dict):
        raise ScenarioError(f"{path} holds no scenario. It needs at least a line `about: ...`.")
    document = _extended(path, document)
    try:
        return Scenario(**{**document, "name": path.stem})
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()
        )
        raise ScenarioError(f"{path}: {problems}") from None


def at_intensity(found: Scenario, intensity: str) -> Scenario:
    """The scenario with all its faults at one intensity.

    Raises:
        ScenarioError: if there is no such intensity.
    """
    if intensity not in INTENSITIES:
        raise ScenarioError(
            f"--intensity: '{intensity}' is not known. Choose one of {', '.join(INTENSITIES)}."
        )
    faults = [fault.model_copy(update={"intensity": intensity}) for fault in found.faults]
    return found.model_copy(update={"faults": faults})


def _extended(path: Path, document: dict[str, Any]) -> dict[str, Any]:
    """A scenario may start from one of ours: `extends: name`; what it says itself goes before."""
    base = document.pop("extends", None)
    if base is None:
        return document
    found = _find(str(base))
    if found is None or found == path:
        raise ScenarioError(f"{path}: `extends: {base}` names none of {', '.join(names())}.")
    earlier = yaml.safe_load(found.read_text(encoding="utf-8"))
    if "extends" in earlier:
        raise ScenarioError(f"{path}: {found.name} extends another scenario itself; extend that one.")
    return {**earlier, **document}
