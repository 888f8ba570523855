"""Only staging reads sources, one each: what dbt itself says of every model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from orchestration import settings
from orchestration.dbt_project import DBT_FOLDER
from orchestration.settings import Settings

# Models that break a rule today. A number may only fall; who makes it fall writes the new one down.
AT_MOST = {
    "reads several sources": 21,
    "reads sources and models": 20,
    "reads staging in staging": 0,
    "reads a source after staging": 40,
}


def _broken_rules(model: dict[str, Any]) -> list[str]:
    """The rules that a model of the manifest breaks."""
    parents = model["depends_on"]["nodes"]
    n_sources = sum(parent.startswith("source.") for parent in parents)
    is_staging = model["path"].startswith("staging")
    rules = {
        "reads several sources": n_sources > 1,
        "reads sources and models": 0 < n_sources < len(parents),
        "reads staging in staging": is_staging and any(".stg_" in parent for parent in parents),
        "reads a source after staging": n_sources > 0 and not is_staging,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


def test_only_staging_reads_sources_and_one_each(tmp_path: Path) -> None:
    config = Settings(home=tmp_path)
    command = [
        str(Path(sys.executable).with_name("dbt")), "parse", "--target-path", str(tmp_path),
        "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
    ]  # fmt: skip
    environment = os.environ | settings.for_subprocesses(config)
    parsed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stdout[-4000:]
    nodes = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["nodes"].values()
    broken: dict[str, list[str]] = {rule: [] for rule in AT_MOST}
    for model in nodes:
        if model["resource_type"] == "model":
            for rule in _broken_rules(model):
                broken[rule].append(model["name"])
    worse = {rule: names for rule, names in broken.items() if len(names) > AT_MOST[rule]}
    assert not worse, {rule: (len(names), AT_MOST[rule], sorted(names)) for rule, names in worse.items()}
