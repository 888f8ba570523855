"""Opening hours as UTC intervals, held against wall clocks that are read minute by minute."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration import settings as product_settings
from orchestration.base import engine
from orchestration.landing import views
from orchestration.runs.dbt_project import DBT_FOLDER
from orchestration.settings import Settings

MODELS = ("int_calendar__days", "int_calendar__hours", "int_calendar__segments", "dim_calendar_interval")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
HORIZON = timedelta(days=400)
# Zones with summer time in both hemispheres, by half an hour, at midnight, and without any.
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Kolkata",
)
# Around changes of these clocks, and around the turn of a year.
FIRST_DAYS = (
    *(date(2024, 3, 8), date(2024, 3, 29), date(2024, 4, 5), date(2024, 4, 24), date(2024, 9, 6)),
    *(date(2024, 10, 4), date(2024, 10, 25), date(2024, 10, 30), date(2024, 12, 30), date(2024, 6, 3)),
)
OPENS = ("00:00", "00:30", "01:15", "2:30", "08:00", "22:00", "23:59")
CLOSES = ("00:00", "01:00", "02:15", "06:00", "17:30", "24:00")


@dataclass(frozen=True)
class Hours:
    """One row of the entity `calendars`."""

    zone: str
    weekday: int
    opens: str
    closes: str
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(frozen=True)
class Calendar:
    """Opening hours and holidays of a calendar, and two moments."""

    hours: tuple[Hours, ...]
    holidays: frozenset[date]
    start: datetime
    end: datetime


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Calendars around a change of clocks, with two moments at most nine days apart."""
    first = draw(st.sampled_from(FIRST_DAYS))
    midnight = datetime.combine(first, time(), UTC)
    moments = st.integers(0, 9 * 1440).map(lambda minutes: midnight + minutes * MINUTE)
    zone = draw(st.sampled_from(ZONES))
    hours = st.builds(
        Hours,
        st.just(zone),
        st.integers(1, 7),
        st.sampled_from(OPENS),
        st.sampled_from(CLOSES),
        st.none() | moments,
        st.none() | moments,
    )
    start, end = sorted((draw(moments), draw(moments)))
    holidays = st.frozensets(st.integers(0, 9).map(lambda n: first + n * DAY), max_size=2)
    unique = {(one.weekday, one.opens): one for one in draw(st.lists(hours, min_size=1, max_size=12))}
    return Calendar(tuple(unique.values()), draw(holidays), start, end)


def first_at(day: date, seconds: int, zone: ZoneInfo) -> datetime:
    """The first minute of UTC at which the wall clock shows a time of the day, or a later one."""
    wanted = datetime.combine(day, time()) + timedelta(seconds=seconds)
    moment = datetime.combine(day, time(), UTC) - DAY
    while moment.astimezone(zone).replace(tzinfo=None) < wanted:
        moment += MINUTE
    return moment


def seconds_of(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


def expected_seconds(calendar: Calendar) -> int:
    """Open seconds between the two moments, by counting the minutes that are open."""
    zone = ZoneInfo(calendar.hours[0].zone)
    days = [calendar.start.date() + n * DAY for n in range(-3, (calendar.end - calendar.start).days + 4)]
    opened: list[tuple[datetime, datetime]] = []
    for day in days:
        for hours in calendar.hours:
            if hours.weekday == day.isoweekday():
                opens, closes = seconds_of(hours.opens), seconds_of(hours.closes)
                begin = first_at(day, opens, zone)
                end = first_at(day, closes + (86400 if closes <= opens else 0), zone)
                opened.append(
                    (
                        max(begin, hours.valid_from or begin),
                        min(end, hours.valid_to or end),
                    )
                )
    closed = [(first_at(day, 0, zone), first_at(day, 86400, zone)) for day in calendar.holidays]
    total, moment = 0, calendar.start
    while moment < calendar.end:
        is_open = any(begin <= moment < end for begin, end in opened)
        is_closed = any(begin <= moment < end for begin, end in closed)
        total += 60 * (is_open and not is_closed)
        moment += MINUTE
    return total


class Warehouse:
    """The calendar models on rows that a test hands in."""

    def __init__(self, home: Path) -> None:
        config = Settings(home=home)
        config.paths.create()
        views.expose(config.paths.warehouse, config.paths, [], None)
        selected = [f"+{MODELS[-1]}", "--exclude", "resource_type:test", "resource_type:unit_test"]
        command = [
            str(Path(sys.executable).with_name("dbt")), "build", "--empty", "--select", *selected,
            "--project-dir", str(DBT_FOLDER), "--profiles-dir", str(DBT_FOLDER),
            "--target-path", str(config.paths.dbt),
        ]  # fmt: skip
        environment = os.environ | product_settings.for_subprocesses(config)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-4000:]
        compiled = subprocess.run(
            ["compile" if one == "build" else one for one in command if one != "--empty"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert compiled.returncode == 0, compiled.stdout[-4000:]
        manifest: dict[str, Any] = json.loads(
            (config.paths.dbt / "manifest.json").read_text(encoding="utf-8")
        )
        self._nodes = {name: manifest["nodes"][f"model.faultline.{name}"] for name in MODELS}
        self.connection = engine.connect(config.paths.warehouse)

    def fill(self, first: datetime, last: datetime, rows: list[Hours], holidays: frozenset[date]) -> None:
        """Replaces what is delivered, and computes the calendar anew."""
        run = self.connection.execute
        for table in ("int_entity__calendars", "int_entity__holidays", "int_source__spans"):
            run(f"DELETE FROM intermediate.{table}")
        span = [first.date(), last.date()]
        run(
            "INSERT INTO intermediate.int_source__spans BY NAME"
            " SELECT 'c' AS centre, 'crm' AS source_instance, ? AS first_date, ? AS last_date",
            span,
        )
        for one in rows:
            values = [one.zone, one.weekday, one.opens, one.closes]
            values += [at and at.replace(tzinfo=None) for at in (one.valid_from, one.valid_to)]
            run(
                "INSERT INTO intermediate.int_entity__calendars BY NAME"
                " SELECT 'c' AS centre, 'hr' AS source_instance, 'k' AS calendar_id, ? AS time_zone,"
                " ? AS weekday, ? AS opens_at, ? AS closes_at, ? AS valid_from, ? AS valid_to",
                values,
            )
        for day in holidays:
            run(
                "INSERT INTO intermediate.int_entity__holidays BY NAME"
                " SELECT 'c' AS centre, 'hr' AS source_instance, 'k' AS calendar_id, ? AS day",
                [day],
            )
        for node in self._nodes.values():
            target = f"{node['schema']}.{node['name']}"
            run(f"DELETE FROM {target}")
            run(f"INSERT INTO {target} BY NAME {node['compiled_code']}")

    def business_seconds(self, start: datetime, end: datetime) -> int | None:
        """Open seconds between two moments, by the sums of the segments that hold them."""
        sums = []
        for moment in (start, end):
            found = self.connection.execute(
                "SELECT open_seconds_before + CASE WHEN state = 'open'"
                " THEN date_diff('second', starts_at, $1) ELSE 0 END,"
                " unknown_seconds_before + CASE WHEN state = 'unknown'"
                " THEN date_diff('second', starts_at, $1) ELSE 0 END"
                " FROM intermediate.int_calendar__segments"
                " WHERE day = CAST($1 AS DATE) AND starts_at <= $1 AND ends_at > $1",
                [moment.replace(tzinfo=None)],
            ).fetchall()
            if len(found) != 1:
                return None
            sums.append(found[0])
        (open_before, unknown_before), (open_after, unknown_after) = sums
        return open_after - open_before if unknown_before == unknown_after else None

    def published_seconds(self, start: datetime, end: datetime) -> int:
        """Open seconds between two moments, by the published intervals."""
        bounds = [moment.replace(tzinfo=None) for moment in (start, end)]
        found = self.connection.execute(
            "SELECT coalesce(sum(date_diff('second', greatest(opens_at, $1), least(closes_at, $2))), 0)"
            " FROM marts.dim_calendar_interval WHERE is_open AND opens_at < $2 AND closes_at > $1",
            bounds,
        ).fetchall()
        return int(found[0][0])


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    found = Warehouse(tmp_path_factory.mktemp("calendars"))
    yield found
    found.connection.close()


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(calendar=calendars())
def test_open_time_between_two_moments_is_what_the_wall_clock_shows(
    warehouse: Warehouse, calendar: Calendar
) -> None:
    """Without it, clocks of service levels would be wrong by an hour around every change of summer time."""
    warehouse.fill(calendar.start, calendar.end, list(calendar.hours), calendar.holidays)
    expected = expected_seconds(calendar)
    assert warehouse.business_seconds(calendar.start, calendar.end) == expected
    assert warehouse.published_seconds(calendar.start, calendar.end) == expected


START = datetime(2024, 6, 3, tzinfo=UTC)  # a Monday
NINE_TO_FIVE = Hours("UTC", 1, "09:00", "17:00", None, None)


@pytest.mark.parametrize(
    "unreadable",
    [
        Hours("Mars/Olympus", 2, "09:00", "17:00", None, None),
        Hours("UTC", 2, "nine", "17:00", None, None),
        Hours("UTC", 2, "09:00", "25:00", None, None),
        Hours("UTC", 8, "09:00", "17:00", None, None),
    ],
    ids=lambda hours: f"{hours.zone} {hours.weekday} {hours.opens} {hours.closes}",
)
def test_hours_that_cannot_be_read_make_open_time_unknown_and_not_zero(
    warehouse: Warehouse, unreadable: Hours
) -> None:
    """Without it, a zone that the engine does not know would fail the run, and a typing error would close a day."""
    warehouse.fill(START, START + 9 * DAY, [NINE_TO_FIVE, unreadable], frozenset())
    assert warehouse.business_seconds(START + DAY, START + 2 * DAY) is None
    within = START + timedelta(hours=10)
    assert warehouse.business_seconds(within, within + MINUTE) == 60


def test_nothing_is_known_before_the_first_event_and_beyond_the_horizon(warehouse: Warehouse) -> None:
    """Without it, a case of a mistyped year would have been open for no business time at all."""
    last = START + 9 * DAY
    warehouse.fill(START, last, [NINE_TO_FIVE], frozenset())
    assert warehouse.business_seconds(START, last + HORIZON) == 59 * 8 * 3600
    assert warehouse.business_seconds(START, last + HORIZON + 2 * DAY) is None
    assert warehouse.business_seconds(START - 2 * DAY, last) is None


def test_a_span_of_centuries_keeps_the_newest_days(warehouse: Warehouse) -> None:
    """Without it, one mistyped year would make a run compute for hours."""
    last = START + 9 * DAY
    warehouse.fill(datetime(1724, 1, 1, tzinfo=UTC), last, [NINE_TO_FIVE], frozenset())
    assert warehouse.business_seconds(START, last) == 2 * 8 * 3600
    counted = warehouse.connection.execute("SELECT count(*) FROM intermediate.int_calendar__days").fetchall()
    assert counted == [(10_000,)]
