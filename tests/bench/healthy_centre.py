"""The healthy centre beside public benchmarks, at its default size: `python -m tests.bench.healthy_centre`."""

import sys
from dataclasses import dataclass

import duckdb
from rich import box
from rich.console import Console
from rich.table import Table

from seeds.simulator import scenario
from seeds.simulator.exports import plain
from seeds.simulator.simulation import simulate

SEED = 0
FOLLOW_UP_DAYS = 14
"""A repeat is a further contact of the same issue within so many days."""
SURVEY_2016 = (
    "https://vdocuments.us/edition-executive-summary-metric-mean-average-median-average-average-speed.html"
)
SURVEY_2023 = "https://www.ccma.org.uk/insight/2023-uk-contact-centre-decision-makers-guide/"

_LIVE = "c.channel IN ('voice', 'chat') AND c.direction = 'inbound'"


@dataclass(frozen=True)
class Benchmark:
    """A measure of the centre, the band it is held to, and the public figure with its source.

    The query gives one number. What the centre is known to miss has no band; the page on the simulator says why.
    """

    name: str
    query: str
    unit: str
    low: float | None
    high: float | None
    public: str
    sources: tuple[str, ...]

    def measure(self, connection: duckdb.DuckDBPyConnection) -> float:
        """The value in the event tables of a simulation."""
        return float(connection.execute(self.query).fetchall()[0][0])

    def holds(self, value: float) -> bool:
        """Whether the value lies in the band; always, where there is none."""
        return self.low is None or self.high is None or self.low <= value <= self.high

    def write(self, value: float) -> str:
        """The value as people read it."""
        return f"{100 * value:.1f} %" if self.unit == "share" else f"{value:.0f} s"


BENCHMARKS = (
    Benchmark(
        # SL4: answered in 20 s, over all but those who left within 20 s; the first queue only.
        "service level, 20 s, voice and chat",
        f"""
        WITH entered AS (
            SELECT l.answered_at, epoch(coalesce(l.answered_at, l.ended_at)) - epoch(l.enqueued_at) AS wait
            FROM contacts c JOIN legs l USING (contact_id) WHERE l.leg_seq = 1 AND {_LIVE}
        )
        SELECT count(*) FILTER (answered_at IS NOT NULL AND wait <= 20)
             / count(*) FILTER (answered_at IS NOT NULL OR wait > 20)
        FROM entered
        """,
        "share", 0.72, 0.88, "80 % in 20 s",
        ("https://fonolo.com/blog/2014/06/why-8020-is-probably-the-wrong-service-level-for-your-call-center/",),
    ),
    Benchmark(
        "abandoned, voice",
        f"SELECT avg(is_abandoned::INT) FROM contacts c WHERE {_LIVE} AND channel = 'voice'",
        "share", 0.03, 0.08, "mean 5.6 %, median 4.5 % (2016); 9.1 % (2023)",
        (SURVEY_2016, SURVEY_2023),
    ),
    Benchmark(
        "transferred, of handled contacts",
        """
        SELECT avg(is_transferred::INT) FROM (
            SELECT bool_or(l.transfer_type <> 'none') AS is_transferred
            FROM contacts c JOIN legs l USING (contact_id)
            WHERE c.direction = 'inbound' AND c.is_answered GROUP BY c.contact_id
        )
        """,
        "share", 0.10, 0.20, "19 %",
        ("https://www.sqmgroup.com/resources/library/blog/call-transfer-hold-performance-impact-csat-and-fcr",),
    ),
    Benchmark(
        f"repeated within {FOLLOW_UP_DAYS} days",
        f"""
        WITH ordered AS (
            SELECT ended_at, lead(started_at) OVER (PARTITION BY issue_id ORDER BY contact_seq) AS next_at
            FROM contacts WHERE direction = 'inbound'
        )
        SELECT avg(coalesce(next_at <= ended_at + INTERVAL {FOLLOW_UP_DAYS} DAY, false)::INT)
        FROM ordered, bounds WHERE ended_at <= bounds.after - INTERVAL {FOLLOW_UP_DAYS} DAY
        """,
        "share", 0.15, 0.30, "30 % of customers call again; 21 to 30 % in good centres",
        ("https://www.sqmgroup.com/resources/library/blog/industry-standards-top-call-center-kpis",),
    ),
    Benchmark(
        "evaluated, of contacts a plan may sample",
        """
        SELECT (SELECT count(DISTINCT contact_id) FROM evaluations WHERE status = 'submitted')
             / (SELECT count(*) FROM samples WHERE is_eligible)
        """,
        "share", 0.01, 0.05, "1 to 5 %",
        ("https://www.decisionfoundry.ai/resources/call-quality-at-scale",),
    ),
    Benchmark(
        "handle time of a voice leg, mean",
        f"""
        SELECT avg(l.talk_seconds + l.hold_seconds + l.wrap_up_seconds)
        FROM contacts c JOIN legs l USING (contact_id)
        WHERE {_LIVE} AND c.channel = 'voice' AND l.answered_at IS NOT NULL
        """,
        "seconds", 300, 480, "about 6 minutes",
        ("https://ctplapps.in/11-new-call-center-statistics-including-turnover-rates-of-30-45/amp",),
    ),
    Benchmark(
        "wait until answered, voice, mean",
        f"""
        SELECT avg(epoch(l.answered_at) - epoch(l.enqueued_at))
        FROM contacts c JOIN legs l USING (contact_id)
        WHERE {_LIVE} AND c.channel = 'voice' AND l.leg_seq = 1 AND l.answered_at IS NOT NULL
        """,
        "seconds", 15, 60, "mean 35 s, median 20.5 s (2016); 120 s (2023)",
        (SURVEY_2016, SURVEY_2023),
    ),
    Benchmark(
        "escalated, of journeys",
        "SELECT avg(is_escalated::INT) FROM issues",
        "share", 0.012, 0.018, "none that is sound; a setting of the scenario",
        (),
    ),
    Benchmark(
        "escalated at the first contact, of escalated",
        """
        SELECT avg((n = 1)::INT) FROM (
            SELECT count(*) AS n FROM contacts c JOIN issues i USING (issue_id)
            WHERE i.is_escalated AND c.direction = 'inbound' GROUP BY c.issue_id
        )
        """,
        "share", None, None, "none that is sound",
        (),
    ),
    Benchmark(
        "occupancy of live agents",
        f"""
        WITH staffed AS (
            SELECT sum(i.staffed_agents) * 1800 AS seconds
            FROM queue_intervals i JOIN queues q USING (queue_id) WHERE q.channel = 'voice'
        ),
        worked AS (
            SELECT sum(l.talk_seconds + l.hold_seconds + l.wrap_up_seconds) AS seconds
            FROM contacts c JOIN legs l USING (contact_id) WHERE {_LIVE} AND l.answered_at IS NOT NULL
        )
        SELECT worked.seconds / staffed.seconds FROM worked, staffed
        """,
        "share", None, None, "69 % with 12 agents, 79 % with 21",
        ("https://multichannelmerchant.com/operations/understanding-agent-occupancy",),
    ),
)  # fmt: skip
"""What a healthy centre is held to. Most public figures are claims of vendors: see the page on the simulator."""


def main() -> None:
    """Prints the table, and ends with 1 if the centre misses a band."""
    connection = simulate(scenario.load("healthy"), SEED, plain.VENDOR, plain.VENDOR).connection
    n_contacts, n_days = connection.execute(
        "SELECT (SELECT count(*) FROM contacts), date_diff('day', first, after) FROM bounds"
    ).fetchall()[0]
    console = Console(width=400)
    console.print(f"Healthy centre, seed {SEED}: {n_contacts:,} contacts in {n_days} days", style="bold")
    table = Table(box=box.MARKDOWN)
    for column in ("measure", "healthy centre", "held to", "public benchmark", "source"):
        table.add_column(column)
    misses = 0
    for one in BENCHMARKS:
        value = one.measure(connection)
        band = "-"
        if one.low is not None and one.high is not None:
            band = f"{one.write(one.low)} to {one.write(one.high)}"
        is_held = one.holds(value)
        misses += not is_held
        shown = one.write(value) if is_held else f"{one.write(value)} MISSED"
        table.add_row(one.name, shown, band, one.public, " ".join(one.sources))
    console.print(table)
    sys.exit(1 if misses else 0)


if __name__ == "__main__":
    main()
