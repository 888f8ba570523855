"""What all pages share: texts and scripts that stay inside their elements."""

import json
from pathlib import Path

import pytest

from orchestration.report import shell

PARTS = {"shell.html.j2", "tables.html.j2"}
PAGES = [path for path in shell.TEMPLATES.glob("*.html.j2") if path.name not in PARTS]


def test_script_json_survives_every_breakout() -> None:
    value = {"</script>": "<!-- <script> & \u2028 \u2029 ]]>", "quote": '"\\'}
    text = shell.script_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value
    with pytest.raises(ValueError, match="JSON"):
        shell.script_json(float("nan"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_page_extends_the_shell(page: Path) -> None:
    """The shell holds the policy, the style and the scripts of all of them."""
    text = page.read_text(encoding="utf-8")
    assert text.startswith('{% extends "shell.html.j2" %}')
    assert "<script" not in text
