"""A value for every setting that is not its default, as one writes it into a file of settings."""

from pydantic import SecretStr

from orchestration.settings import Settings

# By name, where the type alone does not say what fits.
_BY_NAME = {
    "home": "home of the test",
    "sources": "described/sources",
    "exports": "../dropped exports",
    "as_of": "2025-02-15T00:00:00Z",
    "memory_limit": "1500MB",
    "schedule": "30 3 * * 1-5",
    "staff_ids": "clear",
}
_BY_TYPE = {int: "3", float: "12.5", bool: "true", SecretStr: "a salt of the test"}


def some_settings() -> dict[str, str]:
    """A line per setting; a new setting whose type says nothing must be added above.

    Raises:
        KeyError: no value is known for a setting.
    """
    return {
        f"FAULTLINE_{name.upper()}": _BY_NAME.get(name) or _BY_TYPE[field.annotation]  # type: ignore[index]
        for name, field in Settings.model_fields.items()
    }
