"""The graph of assets as text: what reads what, whose it is, and what is checked.

`make generate` writes it into `asset_graph.txt`, so that a change of the lineage shows up where changes are read.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

FILE = Path(__file__).with_suffix(".txt")


def text(definitions: dg.Definitions) -> str:
    """A block per asset, in the order of their names: tags and owners, what it reads, its checks."""
    return "\n".join(_lines(definitions)) + "\n"


def recorded_checks() -> set[str]:
    """Names of all checks that are on record."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {line.removeprefix("  check ") for line in lines if line.startswith("  check ")}


def _lines(definitions: dg.Definitions) -> Iterator[str]:
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.get_all_asset_keys()):
        node = graph.get(key)
        tags = sorted(
            f"{name}={value}" for name, value in node.tags.items() if not name.startswith("dagster/")
        )
        yield " ".join([key.to_user_string(), *tags, *sorted(node.owners)])
        yield from (f"  reads {parent.to_user_string()}" for parent in sorted(node.parent_keys))
        yield from (f"  check {check.name}" for check in sorted(node.check_keys))


def main() -> None:
    """Writes the graph of the definitions as they are now."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["FAULTLINE_HOME"] = home
        from orchestration.definitions import build_definitions

        FILE.write_text(text(build_definitions()), encoding="utf-8")


if __name__ == "__main__":
    main()
