"""The dbt project as a file tree: where it is, what it contains, and its parsed manifest."""

import hashlib
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from dagster_dbt import DbtProject

from orchestration import progress, settings
from orchestration.errors import RunError
from orchestration.settings import PROJECT_ROOT, Settings

DBT_FOLDER = PROJECT_ROOT / "dbt_project"
DBT_EXECUTABLE = Path(sys.executable).with_name("dbt")  # PATH need not hold the virtual environment
# What the published result depends on, beside the data.
CODE = ("dbt_project", "seeds/reference", "expectations", "orchestration/publish", "orchestration/report")
_IGNORED = {"target", "logs", "__pycache__"}


def fingerprint(folders: Iterable[str] = CODE) -> str:
    """Changes whenever a file below the folders changes."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.is_file() and not _IGNORED & set(path.parts):
                digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def prepare(config: Settings) -> DbtProject:
    """The dbt project with an up-to-date manifest in the home; parses only after a change.

    Raises:
        RunError: dbt cannot parse the project; its message is passed on.
    """
    target = config.paths.dbt / "target"
    project = DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER, target_path=target)
    mark = target / "parsed_from"
    current = fingerprint(("dbt_project", "seeds/reference"))
    if mark.exists() and mark.read_text(encoding="utf-8") == current and project.manifest_path.exists():
        return project
    progress.say("Reading the models")
    target.mkdir(parents=True, exist_ok=True)
    command = [
        str(DBT_EXECUTABLE),
        "--quiet",
        "parse",
        "--project-dir",
        str(DBT_FOLDER),
        "--profiles-dir",
        str(DBT_FOLDER),
        "--target-path",
        str(target),
    ]
    environment = settings.environment(config)
    done = subprocess.run(
        command, cwd=DBT_FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RunError(f"dbt cannot parse its project: {(done.stdout or done.stderr).strip()}")
    mark.write_text(current, encoding="utf-8")
    return project
