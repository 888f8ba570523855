"""The command line of the simulator: `faultline simulate`, or `python -m seeds.simulator`."""

import time
from pathlib import Path
from typing import Annotated, NoReturn

import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from seeds.simulator import scenario as scenarios
from seeds.simulator.scenario import Centre, Scenario, ScenarioError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="OUT", help="New folder to write into.")],
    *,
    scenario: Annotated[str, typer.Option(help="Name of a scenario, or a .yml file.")] = "healthy",
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.", min=0)] = 0,
    days: Annotated[int | None, typer.Option(help="Other length than the scenario's.")] = None,
    contacts: Annotated[int | None, typer.Option(help="Other size than the scenario's.")] = None,
    intensity: Annotated[
        str | None, typer.Option(help="Of all faults, instead of the scenario's: weak, medium or strong.")
    ] = None,
    telephony: Annotated[str, typer.Option(help="Telephony exports: plain, or a vendor.")] = "plain",
    crm: Annotated[str, typer.Option(help="CRM exports: plain, or a vendor.")] = "plain",
    every: Annotated[int, typer.Option(help="Days between two deliveries of plain feeds.", min=1)] = 1,
    scale: Annotated[int, typer.Option(help="Copies of the centre, for tests under load.", min=1)] = 1,
) -> None:
    """Simulate a contact centre with planted faults: exports, ready source files, and the hidden truth."""
    try:
        found = _sized(scenarios.load(scenario), days, contacts)
        if intensity is not None:
            found = scenarios.at_intensity(found, intensity)
        _simulate(folder, found, seed, telephony=telephony, crm=crm, scale=scale, every=every)
    except ScenarioError as error:
        _stop(str(error), EXIT_USAGE)
    except (OSError, duckdb.IOException) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        place = getattr(error, "filename", None) or folder
        _stop(f"{place} cannot be written: {reason}. Mend that, or name another folder.", EXIT_FAILED)
    except KeyboardInterrupt:
        _stop(f"Interrupted. Remove {folder} before you simulate into it again.", EXIT_INTERRUPTED)


def _stop(reason: str, code: int) -> NoReturn:
    err.print(f"[bold red]Error[/] {escape(reason)}", soft_wrap=True)
    raise typer.Exit(code) from None


def _simulate(
    folder: Path, found: Scenario, seed: int, *, telephony: str, crm: str, scale: int, every: int
) -> None:
    from seeds.simulator.deliver import deliver
    from seeds.simulator.exports import registry
    from seeds.simulator.simulation import simulate as run

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ScenarioError(f"{folder} is there already. Name a new folder, or remove that one first.")
    for kind, name, known in (
        ("telephony", telephony, registry.TELEPHONY),
        ("crm", crm, registry.CRM),
    ):
        if name not in known:
            raise ScenarioError(f"--{kind}: '{name}' is not known. Choose one of {', '.join(known)}.")
    began = time.perf_counter()
    n_steps = 5 + len(found.faults) + (telephony != "plain") + (crm != "plain") + (scale > 1)
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=out,
        transient=True, disable=not out.is_terminal,
    ) as bar:  # fmt: skip
        task = bar.add_task("Starting", total=n_steps)
        steps = iter(range(n_steps + 1))

        def report(message: str) -> None:
            bar.update(task, description=message, completed=next(steps, n_steps))
            if not out.is_terminal:
                out.print(f"  {message}", soft_wrap=True)

        phones, desk = registry.TELEPHONY[telephony], registry.CRM[crm]
        made = run(found, seed, phones, desk, report)
        manifest = deliver(
            made, seed, folder, telephony=phones, crm=desk, copies=scale, period=every, report=report
        )
    seconds = time.perf_counter() - began
    out.print(
        f"[bold green]Simulated[/] {manifest['n_contacts']:,} contacts of '{found.name}', seed {seed}, "
        f"in {seconds:.0f} s",
        soft_wrap=True,
    )
    for what, where in (("exports", "exports"), ("sources", "sources"), ("truth", "truth")):
        out.print(f"  {what:<8} {escape(str(folder / where))}", soft_wrap=True)
    out.print(
        f"  next     faultline run --sources {escape(str(folder / 'sources'))} "
        f"--exports {escape(str(folder / 'exports'))}",
        soft_wrap=True,
    )


def _sized(found: Scenario, days: int | None, contacts: int | None) -> Scenario:
    overrides = {"days": days, "contacts": contacts}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    if not overrides:
        return found
    if days and not contacts:  # as busy as before
        overrides["contacts"] = max(500, round(found.centre.contacts * days / found.centre.days))
    try:
        centre = Centre(**{**found.centre.model_dump(), **overrides})
    except ValueError as error:
        raise ScenarioError(f"--days or --contacts: {error}") from None
    return found.model_copy(update={"centre": centre})


if __name__ == "__main__":
    app(prog_name="faultline simulate")
