"""The organisation: teams, queues, agents, reasons, customers, articles. All of it drawn from the seed."""

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from seeds.simulator import draws
from seeds.simulator.centre.calendars import DAY, ZONES, Clock
from seeds.simulator.scenario import Centre

# Function and its reasons, in the order in which a growing centre gets them.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "billing": ("invoice_dispute", "double_charge", "refund_status", "payment_plan", "tax_document", "price_question"),
    "integrations": ("integration_error", "api_limit", "webhook_failure", "data_sync", "sso_setup", "migration"),
    "technical": ("outage", "slow_service", "error_message", "configuration", "software_update", "network_fault"),
    "accounts": ("password_reset", "locked_account", "two_factor", "user_rights", "profile_change", "data_request"),
    "orders": ("order_status", "order_change", "order_cancellation", "missing_item", "bulk_order", "quote_request"),
    "delivery": ("late_delivery", "damaged_parcel", "wrong_address", "pickup_booking", "customs_question", "return_label"),
    "payments": ("card_declined", "direct_debit_failed", "payment_missing", "bank_details", "chargeback", "currency_question"),
    "contracts": ("contract_change", "cancellation", "renewal", "ownership_transfer", "terms_question", "discount_expired"),
    "devices": ("activation", "replacement", "warranty_claim", "firmware", "accessory", "battery"),
    "onboarding": ("first_setup", "training_request", "data_import", "welcome_question", "trial_extension", "go_live"),
}  # fmt: skip
GENERAL, SPECIALISTS = "general", "specialists"
PRODUCTS = ("core", "plus", "mobile", "suite")
SEGMENTS = ("consumer", "business", "enterprise")
SEGMENT_SHARES = (0.70, 0.25, 0.05)
PRIORITIES = ("urgent", "high", "normal", "low")
ACTIONS = {
    "billing": "invoice.credit",
    "integrations": "case.reassign_integrations",
    "technical": "service.restart",
    "accounts": "account.unlock",
    "orders": "order.amend",
    "delivery": "delivery.rebook",
    "payments": "payment.refund",
    "contracts": "contract.amend",
    "devices": "device.replace",
    "onboarding": "trial.extend",
    GENERAL: "case.transfer",
    SPECIALISTS: "case.override",
}
CANARY_NAME = "Zzcanary"
CANARY_HOST = "canary.example"
CANARY_CUSTOMER = "CANARYCU"
CANARY_ACCOUNT = "CANARYAC"
CANARY_PHONE, CANARY_SECOND_PHONE = "+49151707", "+49160707"
CANARY_TEXT = "canarytext"
CANARIES = (
    CANARY_NAME,
    CANARY_HOST,
    CANARY_CUSTOMER,
    CANARY_ACCOUNT,
    CANARY_PHONE,
    CANARY_SECOND_PHONE,
    CANARY_TEXT,
)
"""What no publication, quarantine, log or report may ever hold; too long to be met there by chance."""

LIVE, MAIL = 0, 1
CHANNELS = ("voice", "chat", "email", "web")
ENTRY_POINTS = {"voice": "line_main", "chat": "web_chat", "email": "mailbox_support", "web": "form_support"}
FAMILY = {"voice": LIVE, "chat": LIVE, "email": MAIL, "web": MAIL}


def product_of(customer: int) -> str:
    """The product that a customer has."""
    return PRODUCTS[customer % len(PRODUCTS)]


@dataclass(frozen=True)
class Team:
    """A team serves one function from one site."""

    index: int
    team_id: str
    function: str
    clock: Clock
    tier: int
    ivr_path: str
    queues: dict[str, str]

    @property
    def title(self) -> str:
        """Name for people, and the name of its queue group."""
        return self.function.capitalize()


@dataclass(frozen=True)
class Reason:
    """Why customers contact the centre, and how hard that is."""

    index: int
    name: str
    team: int
    weight: float
    talk_factor: float
    resolution: float
    risk_factor: float
    action: str


@dataclass(frozen=True)
class Agent:
    """A person on a team; `family` says whether the work is live or mail."""

    index: int
    agent_id: str
    team: int
    family: int
    hired_on: date
    skills: tuple[str, ...]


@dataclass
class World:
    """Everything that stands before the first contact arrives."""

    centre: Centre
    seed: int
    start: int
    end: int
    clocks: dict[str, Clock]
    teams: list[Team]
    reasons: list[Reason]
    n_journeys: int
    n_customers: int
    segments: draws.Ints
    tiers: draws.Ints

    def team_named(self, function: str) -> Team:
        """The team of a function."""
        return next(team for team in self.teams if team.function == function)

    def day(self, number: float) -> float:
        """UTC seconds of a day counted from the first."""
        return self.start + number * DAY

    def customer_id(self, customer: int) -> str:
        """The CRM's id of a customer."""
        return f"{CANARY_CUSTOMER}-{customer:07d}"

    def account(self, customer: int) -> str:
        """The number that billing knows a customer by."""
        return f"{CANARY_ACCOUNT}-{customer:07d}"

    def phone(self, customer: int) -> str:
        """The first number of a customer; one customer in fifty shares that of the one before."""
        shared = customer - 1 if customer % 50 == 49 else customer
        return f"{CANARY_PHONE}{shared % 100_000:05d}"

    def second_phone(self, customer: int) -> str:
        """Another number, which nobody else has."""
        return f"{CANARY_SECOND_PHONE}{customer % 100_000:05d}"

    def email(self, customer: int) -> str:
        """The address of a customer."""
        return f"c{customer}@{CANARY_HOST}"


CONTACTS_PER_JOURNEY = 1.27
"""How many contacts an issue takes on average in a healthy centre; checked by a test."""


def build(centre: Centre, seed: int) -> World:
    """The organisation of a centre, without its agents: those follow from the expected load (`staffing`)."""
    margin = 45  # history before the first day, and time to finish what the last one began
    first = centre.starts_on - timedelta(days=margin)
    clocks = {zone: Clock(zone, first, centre.days + 2 * margin) for zone in ZONES}
    start = clocks[ZONES[0]].moment(margin, 0)
    functions = [*list(FUNCTIONS)[: centre.teams - 2], GENERAL, SPECIALISTS]
    teams = _teams(centre, functions, clocks)
    reasons = _reasons(centre, functions, seed)
    n_journeys = round(centre.contacts / CONTACTS_PER_JOURNEY)
    n_customers = max(50, round(n_journeys * 0.6))
    luck = draws.uniforms(draws.key(seed, "customer"), np.arange(n_customers), 2)
    segments = np.searchsorted(np.cumsum(SEGMENT_SHARES), luck[:, 0]).clip(0, len(SEGMENTS) - 1)
    tiers = np.searchsorted(np.array([0.75, 0.95]), luck[:, 1])
    return World(
        centre=centre,
        seed=seed,
        start=start,
        end=start + centre.days * DAY,
        clocks=clocks,
        teams=teams,
        reasons=reasons,
        n_journeys=n_journeys,
        n_customers=n_customers,
        segments=segments.astype(np.int64),
        tiers=tiers.astype(np.int64),
    )


def _teams(centre: Centre, functions: list[str], clocks: dict[str, Clock]) -> list[Team]:
    teams = []
    extra = centre.queues - 3 * len(functions)
    for index, function in enumerate(functions):
        is_staff = function in (GENERAL, SPECIALISTS)
        clock = clocks[ZONES[1]] if is_staff else clocks[ZONES[index % len(ZONES)]]
        channels = [*CHANNELS[:3], *(["web"] if index < extra and not is_staff else [])]
        teams.append(
            Team(
                index=index,
                team_id=f"T_{index + 1:02d}",
                function=function,
                clock=clock,
                tier=2 if function == SPECIALISTS else 1,
                ivr_path="9" if function == GENERAL else f"{index // 4 + 1}>{index % 4 + 1}",
                queues={name: f"Q-{index + 1:02d}-{name}" for name in channels},
            )
        )
    return teams


def _reasons(centre: Centre, functions: list[str], seed: int) -> list[Reason]:
    per_team = -(-centre.reasons // (len(functions) - 2))
    stream = draws.key(seed, "reason")
    found: list[Reason] = []
    for team, function in enumerate(functions[:-2]):
        for place, name in enumerate(FUNCTIONS[function][:per_team]):
            if len(found) == centre.reasons:
                break
            index = len(found)
            first, second, third, fourth = (draws.uniform(stream, index, slot) for slot in range(4))
            hardness = draws.normal(first, second)
            found.append(
                Reason(
                    index=index,
                    name=name,
                    team=team,
                    weight=1.0 / (1.0 + place) ** 0.5 * (0.7 + 0.6 * third),
                    talk_factor=math.exp(0.25 * hardness),
                    resolution=min(0.90, max(0.62, 0.80 - 0.05 * hardness)),
                    risk_factor=math.exp(0.30 * hardness + 0.2 * (fourth - 0.5)),
                    action=ACTIONS[function],
                )
            )
    return found
