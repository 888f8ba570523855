"""Local time: three zones that treat summer time differently, opening hours, the shape of a week."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 86400

ZONES = ("Europe/London", "Europe/Berlin", "Africa/Johannesburg")
"""Two zones that leave summer time on the same day, and one that knows none: their distance changes."""

OPENS, CLOSES = 8, 20
OPENS_SATURDAY, CLOSES_SATURDAY = 9, 16
MAIL_OPENS, MAIL_CLOSES = 8, 17
SATURDAY, SUNDAY = 5, 6
HOLIDAYS = ((1, 1), (12, 25))
"""Month and day of the days on which every calendar is closed."""

# Relative demand by weekday (Monday first) and local hour: a morning peak, a smaller one after lunch.
WEEKDAYS = (1.22, 1.06, 1.0, 0.97, 0.92, 0.38, 0.0)
HOURS = (
    *(0.0,) * 8,
    *(0.55, 0.95, 1.25, 1.30, 1.10, 0.95, 1.05, 1.12, 1.05, 0.85, 0.60, 0.38),
    *(0.0,) * 4,
)
MAIL_WEEKDAYS = (1.2, 1.05, 1.0, 1.0, 0.95, 0.5, 0.4)
MAIL_HOURS = (
    *(0.15, 0.1, 0.08, 0.08, 0.1, 0.2, 0.4, 0.7),
    *(1.0, 1.2, 1.25, 1.15, 1.0, 0.95, 1.0, 1.0, 0.95, 0.85, 0.7, 0.65),
    *(0.65, 0.6, 0.45, 0.25),
)


class Clock:
    """One zone between two days: local days and hours as UTC seconds, and back."""

    def __init__(self, zone: str, first: date, n_days: int) -> None:
        self.zone = zone
        self.first = first
        self._info = ZoneInfo(zone)
        self._origin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()) - DAY
        self._offsets = [self._offset(self._origin + hour * HOUR) for hour in range((n_days + 3) * 24)]
        self.midnights = [self.moment(day, 0) for day in range(n_days + 1)]

    def _offset(self, moment: int) -> int:
        offset = datetime.fromtimestamp(moment, self._info).utcoffset() or timedelta()
        return int(offset.total_seconds())

    def moment(self, day: int, local_seconds: int) -> int:
        """UTC seconds of a wall-clock time (seconds after midnight) of a day counted from the first."""
        there = datetime.combine(self.first + timedelta(days=day), datetime.min.time(), self._info)
        return int((there + timedelta(seconds=local_seconds)).timestamp())

    def local(self, moment: float) -> tuple[int, float]:
        """Day counted from the first, and seconds after local midnight by the wall clock."""
        hour = int(moment - self._origin) // HOUR
        offset = self._offsets[min(max(hour, 0), len(self._offsets) - 1)]
        seconds = moment + offset - (self._origin + DAY)
        day = int(seconds // DAY)
        return day, seconds - day * DAY

    def weekday(self, day: int) -> int:
        """Monday is 0; a holiday counts as a Sunday."""
        there = self.first + timedelta(days=day)
        return SUNDAY if (there.month, there.day) in HOLIDAYS else there.weekday()

    @cached_property
    def openings(self) -> list[tuple[int, int]]:
        """Opening hours for live contacts, as UTC seconds."""
        return self._intervals((OPENS, CLOSES), (OPENS_SATURDAY, CLOSES_SATURDAY))

    @cached_property
    def mail_openings(self) -> list[tuple[int, int]]:
        """Hours in which e-mail and forms are worked on, as UTC seconds."""
        return self._intervals((MAIL_OPENS, MAIL_CLOSES), None)

    def _intervals(self, week: tuple[int, int], saturday: tuple[int, int] | None) -> list[tuple[int, int]]:
        found = []
        for day in range(len(self.midnights) - 1):
            hours = {SATURDAY: saturday, SUNDAY: None}.get(self.weekday(day), week)
            if hours:
                found.append((self.moment(day, hours[0] * HOUR), self.moment(day, hours[1] * HOUR)))
        return found

    @cached_property
    def _opening_starts(self) -> list[int]:
        return [start for start, _ in self.openings]

    def is_open(self, moment: float) -> bool:
        """Whether live contacts are taken."""
        index = bisect_right(self._opening_starts, moment) - 1
        return index >= 0 and moment < self.openings[index][1]

    def next_open(self, moment: float, share: float) -> float:
        """The moment itself while open, else a point of the next opening (a share of its first 6 hours)."""
        if self.is_open(moment):
            return moment
        index = bisect_right(self._opening_starts, moment)
        if index >= len(self.openings):
            return moment
        start, end = self.openings[index]
        return start + share * min(6 * HOUR, end - start)

    def business_seconds(self, start: float, end: float) -> float:
        """Seconds of opening hours between two moments."""
        index = max(bisect_right(self._opening_starts, start) - 1, 0)
        total = 0.0
        while index < len(self.openings) and self.openings[index][0] < end:
            opens, closes = self.openings[index]
            total += max(0.0, min(closes, end) - max(opens, start))
            index += 1
        return total

    def after_business(self, start: float, seconds: float) -> float:
        """The moment when so many seconds of opening hours have passed since the start."""
        index = max(bisect_right(self._opening_starts, start) - 1, 0)
        while index < len(self.openings):
            opens, closes = self.openings[index]
            begin = max(opens, start)
            if closes > begin:
                if begin + seconds <= closes:
                    return begin + seconds
                seconds -= closes - begin
            index += 1
        return start + seconds
