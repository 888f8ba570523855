"""The command line: `faultline run`, `ui`, `docs`, `sources new`, `sources check`, `simulate`."""

import atexit
import contextlib
import logging
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from orchestration import settings
from orchestration.base import durable, failures, progress
from orchestration.base.wording import count
from orchestration.errors import ConfigurationError, UnknownError
from orchestration.runs import dbt_project
from orchestration.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Why did this escalate, and what is broken behind it?",
)
sources_app = typer.Typer(
    no_args_is_help=True, help="Describe and check exports; sources with one `centre` are read together."
)
app.add_typer(sources_app, name="sources")
out = Console(stderr=False, highlight=False)
err = Console(stderr=True, highlight=False)

SourcesOption = Annotated[Path | None, typer.Option("--sources", help="Folder of source YAML files.")]
ExportsOption = Annotated[Path | None, typer.Option("--exports", help="Folder the exports arrive in.")]
HomeOption = Annotated[Path | None, typer.Option("--home", help="Folder for everything that is written.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show stack traces and the tools' own logs.")]


@app.command()
def run(
    *,
    sources: SourcesOption = None,
    exports: ExportsOption = None,
    home: HomeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Look from this moment (ISO 8601, UTC).")
    ] = None,
    land_anew: Annotated[
        bool,
        typer.Option(
            "--land-anew", help="Forget what has landed and land all exports again, e.g. under another salt."
        ),
    ] = False,
    debug: DebugOption = False,
) -> None:
    """Land new exports, build the marts, judge blind spots, publish."""
    with _failures(debug):
        config = settings.load(sources=sources, exports=exports, home=home, as_of=as_of)
        _check_configuration(config)
        settings.apply(config)
        published = config.paths.published
        before = published.resolve()
        with _progress_display(debug):
            if land_anew:
                _forget_landed(config)
            dbt_project.parse_ahead(config)
            from orchestration import job  # importing Dagster and dbt costs seconds

            job.run(config, is_debugging=debug)
        is_new = published.resolve() != before
        out.print(f"[bold green]{'Published' if is_new else 'Unchanged'}[/] {published.resolve().name}")
        out.print(f"  report   {published / 'report' / 'index.html'}", soft_wrap=True)
        out.print(f"  marts    {published / 'marts.duckdb'}", soft_wrap=True)


@app.command()
def ui(
    home: HomeOption = None,
    sources: SourcesOption = None,
    exports: ExportsOption = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on the loopback address.")] = 3000,
    debug: DebugOption = False,
) -> None:
    """Open the Dagster UI and run the schedule, on the loopback address."""
    with _failures(debug):
        config = settings.apply(settings.load(home=home, sources=sources, exports=exports))
        _check_port(port)
        from orchestration.defs import schedules  # importing Dagster costs seconds
        from orchestration.runs import run_store

        schedules.daily(config.schedule)  # Dagster would find a wrong one later and out of sight.
        if n_settled := run_store.settle_home(config.paths):
            out.print(f"Marked as ended: {count(n_settled, 'run')} whose process is gone.")
        out.print(f"Dagster UI on http://127.0.0.1:{port} (stop with Ctrl-C)")
        workspace = str(config.paths.dagster / "workspace.yaml")
        command = [
            "-W",
            "ignore",
            "-m",
            "dagster",
            "dev",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-w",
            workspace,
        ]
        # Dagster lets a .env file of its working directory overrule the environment; none lies here.
        os.chdir(config.paths.dagster)
        os.execv(sys.executable, [sys.executable, *command])


@app.command()
def docs(home: HomeOption = None, debug: DebugOption = False) -> None:
    """Write a page about all tables and columns, and what they are made from."""
    with _failures(debug):
        config = settings.load(home=home)
        from orchestration.runs import dbt_docs

        with _progress_display(debug):
            page = dbt_docs.write(config)
        out.print(f"[bold green]Wrote[/] {_escaped(str(page))}", soft_wrap=True)


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def simulate(context: typer.Context) -> None:
    """Simulate a contact centre with planted faults; see `faultline simulate --help`."""
    # A process of its own: what is measured does not load its measuring stick.
    os.execv(sys.executable, [sys.executable, "-m", "seeds.simulator", *context.args])


@sources_app.command("new")
def sources_new(
    file: Annotated[Path, typer.Argument(help="An export: CSV, TSV, JSON lines, JSON, Parquet or .xlsx.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write; default: beside the others.")
    ] = None,
    sources: SourcesOption = None,
    exports: ExportsOption = None,
    debug: DebugOption = False,
) -> None:
    """Look at an export and write a commented source YAML to start from."""
    with _failures(debug):
        from orchestration.onboarding.draft import draft, source_name
        from orchestration.sources.source_errors import SourceError
        from orchestration.sources.source_files import load

        config = settings.load(sources=sources, exports=exports)
        target = output or config.sources / f"{source_name(file)}.yml"
        if target.exists():
            raise ConfigurationError(f"{target} exists already. Move it, or name another with --output.")
        text = draft(file, config.exports, config.limits)
        durable.write(target, text)
        out.print(f"[bold green]Wrote[/] {_escaped(str(target))}", soft_wrap=True)
        try:
            load(target)
        except SourceError as error:
            out.print(f"  needed   {_escaped(f'{error.problem} {error.remedy}')}", soft_wrap=True)
        n_open = text.count("<-") - 1  # the first one explains the mark
        is_below = file.resolve().is_relative_to(config.exports.resolve())
        step = _command("sources check", target.parent, config.exports if is_below else file.parent)
        out.print(
            f"  to do    look at what is marked <- ({n_open}), then run: {_escaped(step)}", soft_wrap=True
        )


@sources_app.command("check")
def sources_check(
    sources: SourcesOption = None, exports: ExportsOption = None, debug: DebugOption = False
) -> None:
    """Check the source files against the exports, and show what they deliver."""
    with _failures(debug):
        config = settings.load(sources=sources, exports=exports)
        from orchestration.onboarding.check import source_check

        if not source_check.check(config, out, _command("run", config.sources, config.exports)):
            raise typer.Exit(ConfigurationError.exit_code)


def _command(name: str, sources: Path, exports: Path) -> str:
    """A command for these folders as a person would type it here; what the settings say is left out."""
    usual = settings.load()
    options = {"--sources": (sources, usual.sources), "--exports": (exports, usual.exports)}
    given = [
        f"{option} {shlex.quote(str(folder))}"
        for option, (folder, known) in options.items()
        if folder.resolve() != known.resolve()
    ]
    return " ".join(["faultline", name, *given])


def _check_configuration(config: Settings) -> None:
    """Finds out at once what would otherwise stop the run half way."""
    from orchestration.landing.files import require_folder
    from orchestration.sources.source_files import load_folder

    load_folder(config.sources)
    require_folder(config.exports)


def _forget_landed(config: Settings) -> None:
    from orchestration.landing import manifest
    from orchestration.runs.workspace import run_lock

    with run_lock(config.paths, config.lock_wait_seconds):
        manifest.forget(config.paths.state)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ConfigurationError(
                f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}). Stop what listens there, or "
                "choose another one with --port."
            ) from error


@contextlib.contextmanager
def _failures(is_debugging: bool) -> Iterator[None]:
    """Shows an exception as a sentence and ends with its exit code; with the stack trace when debugging."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except (Exception, KeyboardInterrupt) as error:
        shown = failures.explained(error)
        text = str(shown)
        if is_debugging:
            err.print(_escaped(failures.trace(error)), soft_wrap=True)
        elif isinstance(shown, UnknownError):
            text = (
                f"{text}\nThis is a fault of Faultline. Run again with --debug to see where, and report it."
            )
        err.print(f"[bold red]Error[/] {_escaped(text)}", soft_wrap=True)
        raise typer.Exit(shown.exit_code) from None


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


class _Display(logging.Handler):
    """Shows each stage while it lasts, with a bar where its share is known, and leaves a line behind.

    Where the output is no terminal, it prints a line for every tenth of a long stage.
    """

    def __init__(self, *, has_bar: bool) -> None:
        super().__init__()
        # Bound to today's stdout: the tools' own output is sent elsewhere while the job runs.
        self._screen = Console(file=sys.stdout, highlight=False)
        self.bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}", markup=False),
            console=self._screen,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not (has_bar and self._screen.is_terminal),
        )
        self._stage = self.bar.add_task("Starting ...", total=None)
        self._shown_tenths = 0

    def emit(self, record: logging.LogRecord) -> None:
        message, share = record.getMessage(), getattr(record, "share", None)
        self.bar.update(
            self._stage, description=f"{message} ...", total=share and 1.0, completed=share or 0.0
        )
        tenths = int(10 * (share or 0))
        if share is None or (self.bar.disable and tenths > self._shown_tenths):
            mark = Text("Warning: ", "yellow") if record.levelno >= logging.WARNING else Text()
            self._screen.print(Text("  ") + mark + Text(message), soft_wrap=True)
        self._shown_tenths = tenths


@contextlib.contextmanager
def _progress_display(is_debugging: bool) -> Iterator[None]:
    """Shows what the block logs as its progress; without a bar where the tools' own logs are shown, too."""
    display = _Display(has_bar=not is_debugging)
    progress.LOGGER.setLevel(logging.DEBUG)
    progress.LOGGER.addHandler(display)
    try:
        with display.bar:
            yield
    finally:
        progress.LOGGER.removeHandler(display)


def main() -> None:
    """Entry point of the console script.

    Python takes two seconds to take Dagster and Altair apart when a process ends. The process leaves before:
    its threads have ended by then, and all other exit handlers have run.
    """
    code: object = 1

    def leave() -> None:
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # whoever read it is gone
                stream.flush()
        os._exit(code if isinstance(code, int) else 1)

    atexit.register(leave)
    try:
        app()
    except SystemExit as end:
        code = end.code or 0
        raise
