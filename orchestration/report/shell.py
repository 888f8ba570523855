"""The frame that all pages share: one HTML file that opens from disk and loads nothing from a network."""

import base64
import datetime
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2
from markupsafe import Markup

from orchestration.report.facts import readable

TEMPLATES = Path(__file__).parent / "templates"
STATUS_WORDS = {
    "blind": "Blind",
    "errored": "Errored",
    "warn": "Warning",
    "ok": "OK",
    "not_applicable": "Not applicable",
    "not_assessed": "Not assessed",
}
# What would end a script early, and what old parsers read as a line end inside a string.
_SCRIPT_ESCAPES = str.maketrans(
    {
        "<": "\\u003c",
        ">": "\\u003e",
        "&": "\\u0026",
        "\u2028": "\\u2028",
        "\u2029": "\\u2029",
    }
)


def html(
    template: str, *, data: Mapping[str, object], scripts: Sequence[str], values: Mapping[str, object]
) -> str:
    """Renders a page whose template extends `shell.html.j2`.

    Args:
        template: file name of the template.
        data: what the scripts read: id of an element to a value that fits into JSON.
        scripts: code to run, in this order; the page's policy allows no other.
        values: what the template shows, by name.

    Raises:
        ValueError: a value of `data` holds NaN or infinity.
    """
    inlined = [_script(code) for code in scripts]
    shown = _environment().get_template(template)
    return shown.render(
        values,
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        policy=_policy(inlined),
        data={key: script_json(value) for key, value in data.items()},
        scripts=inlined,
    )


def script_json(value: object) -> Markup:
    """Returns JSON that is safe between script tags whatever texts it holds.

    Raises:
        ValueError: the value holds NaN or infinity.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_SCRIPT_ESCAPES))


def percent(value: float | None) -> str:
    """A share in per cent, e.g. `14.4%`."""
    return "unknown" if value is None else f"{value * 100:.1f}%"


def count(value: int | None) -> str:
    """A number of things, e.g. `1,234`."""
    return "unknown" if value is None else f"{value:,}"


def _hours(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.1f} h"


def _moment(value: datetime.datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M} UTC"


def _listed(value: object, labels: dict[str, str]) -> str:
    """Turns a list kept as text ("a, b" or "[a, b]") into labels."""
    parts = readable(value).strip("[]").replace(";", ",").split(",")
    keys = [part.strip() for part in parts if part.strip()]
    return ", ".join(labels.get(key, key.replace("_", " ")) for key in keys)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        percent=percent,
        count=count,
        moment=_moment,
        text=readable,
        status=lambda value: STATUS_WORDS.get(value, readable(value)),
        listed=_listed,
        hours=_hours,
    )
    return environment


def _script(code: str) -> Markup:
    """Makes a script of our own fit for inlining; the page's policy names it by its digest."""
    plain = code.replace("\r\n", "\n").replace("\r", "\n")
    return Markup(plain.replace("</script", "<\\/script").replace("<!--", "<\\!--"))


def _policy(scripts: Sequence[Markup]) -> str:
    """Content security policy: nothing is loaded, and only the given scripts run."""
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
