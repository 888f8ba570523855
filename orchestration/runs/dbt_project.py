"""The dbt project as a file tree: where it is, what it contains, and its parsed manifest."""

import contextlib
import hashlib
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from orchestration import settings
from orchestration.base import code, durable, failures, progress
from orchestration.base.failures import Link
from orchestration.errors import FaultlineError, RunError
from orchestration.runs import dbt_process
from orchestration.settings import PROJECT_ROOT, Home, Settings

if TYPE_CHECKING:
    from dagster_dbt import DbtProject

DBT_FOLDER = PROJECT_ROOT / "dbt_project"
DBT_EXECUTABLE = Path(__file__).with_name("dbt")  # dbt that does not outlive the run
# What the published result depends on, beside the data: these modules with all that they import, and files.
STEPS = tuple(f"orchestration.defs.{name}" for name in ("ingest", "transform", "blind_spots", "publish"))
FILES = ("dbt_project", "seeds/reference", "orchestration/report/templates")
_PARTIAL_PARSE = "partial_parse.msgpack"
_IGNORED = {"target", "logs", "__pycache__"}


def code_version() -> str:
    """Version of Faultline, and a digest of the code that a publication is made by, libraries included."""
    parts = [code.digest(*STEPS), fingerprint(FILES), *map(version, ("dbt-core", "dbt-duckdb"))]
    return f"{version('faultline')}+{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:16]}"


def models_fingerprint() -> str:
    """Changes whenever a model, a registry or the version of dbt changes."""
    return fingerprint(("dbt_project", "seeds/reference")) + f" dbt-core {version('dbt-core')}"


def fingerprint(folders: Iterable[str]) -> str:
    """Changes whenever a file below the folders changes."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((PROJECT_ROOT / folder).rglob("*")):
            if path.is_file() and not _IGNORED & set(path.parts):
                digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def target(config: Settings) -> Path:
    """The folder that dbt works in. dbt writes there in place. A later run reads nothing of it but
    dbt's own record of what it parsed.
    """
    return config.paths.dbt / "target"


def parse_ahead(config: Settings) -> threading.Thread:
    """Begins to parse while this process imports Dagster; `prepare` waits for it and reports errors."""

    def parse() -> None:
        with contextlib.suppress(FaultlineError, OSError):
            _parsed(config)

    ahead = threading.Thread(target=parse, daemon=True)
    ahead.start()
    return ahead


def prepare(config: Settings) -> "DbtProject":
    """The dbt project with an up-to-date manifest in the home; parses only after a change.

    dbt parses into a fresh folder, and the manifest is moved into its place when it is whole. Its mark
    says what it was made of and what its content is; a manifest that does not fit its mark is made anew.

    Raises:
        RunError: dbt cannot parse the project; its message is passed on.
    """
    from dagster_dbt import DbtProject  # importing it costs a second, in which the project may be parsed

    manifest = _parsed(config)
    return DbtProject(project_dir=DBT_FOLDER, profiles_dir=DBT_FOLDER, target_path=manifest.parent)


def _parsed(config: Settings) -> Path:
    """The manifest of the project as it is now."""
    home = config.paths.dbt
    manifest = home / "parsed" / "manifest.json"
    models = models_fingerprint()
    home.mkdir(parents=True, exist_ok=True)
    with _parsing_lock(config.paths, config.lock_wait_seconds):
        if not _is_parsed_from(manifest, models):
            progress.say("Reading the models")
            _parse(config, manifest, models)
    return manifest


@contextlib.contextmanager
def _parsing_lock(home: Home, wait_seconds: float) -> Iterator[None]:
    """Lets one process at a time parse, also after one that was killed."""
    deadline = time.monotonic() + wait_seconds
    try:
        with FileLock(home.parsing_lock, timeout=wait_seconds):
            if not dbt_process.wait_until_free(home.dbt_parsing_lock, deadline - time.monotonic()):
                raise Timeout(str(home.dbt_parsing_lock))
            yield
    except Timeout as error:
        raise RunError(
            f"Another process has been reading the models in {home.dbt} for {wait_seconds:.0f} s. "
            "Let it end, or raise FAULTLINE_LOCK_WAIT_SECONDS, then run again."
        ) from error


def _is_parsed_from(manifest: Path, models: str) -> bool:
    try:
        return _mark_of(manifest).read_text(encoding="utf-8") == _mark(manifest, models)
    except (OSError, ValueError):
        return False


def _mark_of(manifest: Path) -> Path:
    return manifest.with_name("parsed_from")


def _mark(manifest: Path, models: str) -> str:
    return f"{models}\nsha256 {hashlib.sha256(manifest.read_bytes()).hexdigest()}\n"


def _parse(config: Settings, manifest: Path, models: str) -> None:
    fresh, work = config.paths.dbt / "parsing", target(config)
    shutil.rmtree(fresh, ignore_errors=True)  # left by a process that was killed
    for folder in (fresh, work, manifest.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        printed = call(config, ["parse"], fresh, settings.for_parsing(config))
        if not _is_whole(fresh / manifest.name):
            raise _refused(config, "parse", printed or "it wrote no manifest")
        durable.put_in_place(fresh / manifest.name, manifest)
        durable.write(_mark_of(manifest), _mark(manifest, models))
        # Saves dbt's next build from parsing again; dbt itself ignores one that it cannot read.
        if (fresh / _PARTIAL_PARSE).exists():
            (fresh / _PARTIAL_PARSE).replace(work / _PARTIAL_PARSE)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def call(
    config: Settings, command: list[str], target: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Runs dbt in a process that does not outlive this one, and returns what it printed.

    Args:
        config: the settings.
        command: what dbt is to do, e.g. `["docs", "generate"]`.
        target: the folder that dbt writes to.
        environment: variables of the process; None: those of this one.

    Raises:
        RunError: dbt failed; its message is passed on.
    """
    places = {"--project-dir": DBT_FOLDER, "--profiles-dir": DBT_FOLDER, "--target-path": target}
    options = [str(part) for place in places.items() for part in place]
    done = subprocess.run(
        [str(DBT_EXECUTABLE), "--quiet", *command, *options],
        cwd=DBT_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    printed = (done.stdout or done.stderr).strip()
    if done.returncode != 0:
        raise _refused(config, " ".join(command), printed or f"exit code {done.returncode}")
    return printed


def _refused(config: Settings, command: str, reason: str) -> FaultlineError:
    return failures.of_rules([Link("dbt", reason)], config.paths.root) or RunError(
        f"`dbt {command}` failed: {reason}"
    )


def _is_whole(manifest: Path) -> bool:
    try:
        return bool(json.loads(manifest.read_bytes())["nodes"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
