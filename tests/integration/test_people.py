"""A hostile export and one person with several ids, landed, built and published in one run."""

import json
from pathlib import Path

import pytest
import yaml

from orchestration.sources import contract
from tests.integration.conftest import Run, faultline, run
from tests.integration.simulator.privacy import places_that_hold

PLANTED = ["zq@quokka.example", "+49 151 98765432", "4111 1111 1111 1234", "Herr Quokka",
           "customer Zacharias Quokka wants his money back. Today"]  # fmt: skip
SECRETS = ("quokka", "Quokka", "98765432", "1111 1111", "acharias", "T-9000", "R-9000", "K-9000", "Numbat")
N_ROWS = 12


def _row(entity: contract.Entity, n: int) -> dict[str, object]:
    """A row with personal data in every text, list and id of a person; of three in four only in one field."""
    day = f"2025-01-{n + 1:02d}"
    sound = {"id": f"X{n}", "ts": f"{day} 10:00:00", "date": day, "int": str(n), "num": "1", "bool": "true"}
    row: dict[str, object] = {}
    for place, column in enumerate(entity.columns.values()):
        value = PLANTED[n % len(PLANTED)]
        is_filled = n % 4 == 0 or place % N_ROWS == n
        if column.type in ("list", "phones", "ids"):
            row[column.name] = [value, "x"]
        elif column.type in ("text", "email", "phone") or column.pii in ("staff", "hash", "drop"):
            row[column.name] = value if is_filled or not column.words else column.words[0]
        else:
            row[column.name] = sound[column.type]
    if entity.name in ("contacts", "cases"):
        row["channel"] = "Wombat Numbat" if n % 2 else "voice"
    if entity.name == "case_changes":
        row["field"] = entity.columns["field"].words[n // 3]
    return row


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources below `sources`, their files below `exports`."""
    root = tmp_path_factory.mktemp("people")
    (root / "sources").mkdir()
    (root / "exports").mkdir()
    files = {}
    for entity in contract.entities().values():
        rows = [_row(entity, n) for n in range(N_ROWS)]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (root / "exports" / f"{entity.name}.jsonl").write_text(text, encoding="utf-8")
        fields = {name: f'"{name}"' for name in rows[0]}
        files[entity.name] = {
            "glob": f"{entity.name}.jsonl",
            "format": "jsonl",
            "feeds": {entity.name: fields},
        }
    _describe(root, "hostile", files, time_zone="UTC", centre="hostile")
    texts = {
        "customers.csv": "id,others\nK-9000,T-9000|R-9000|unknown\nK-9001,unknown\nK-9002,K-9000\n",
        "cases.csv": "id,at,who\nC1,2025-02-01 09:00:00,K-9000\n",
        "calls.csv": "id,at,who\nN1,2025-02-01 10:00:00,T-9000\nN2,2025-02-01 11:00:00,R-9000\n"
        "N3,2025-02-01 12:00:00,unknown\nN4,2025-02-01 12:00:00,K-9002\n",
    }
    for name, text in texts.items():
        (root / "exports" / name).write_text(text, encoding="utf-8")
    feeds = {
        "customers": {"customer_id": "id", "other_ids": "others"},
        "cases": {"case_id": "id", "opened_at": "at", "customer_id": "who", "reason": "'billing'"},
        "calls": {
            "contact_id": "id",
            "started_at": "at",
            "customer_id": "who",
            "channel": "'voice'",
            "reason_entry": "'billing'",
        },
    }
    files = {
        name: {"glob": f"{name}.csv", "feeds": {"contacts" if name == "calls" else name: fields}}
        for name, fields in feeds.items()
    }
    _describe(root, "crm", files, time_zone="UTC", centre="bank")
    return root


def _describe(root: Path, source: str, files: dict[str, object], **settings: str) -> None:
    document = {"source": source, **settings, "files": files}
    (root / "sources" / f"{source}.yml").write_text(
        yaml.safe_dump(document, sort_keys=False), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def done(exports: Path) -> Run:
    """The run over both sources."""
    finished = run(exports / "sources", exports / "exports", exports / "home")
    assert finished.code == 0, finished.output
    return finished


def test_personal_data_in_any_field_is_published_nowhere(done: Run) -> None:
    """Nor in the raw zone, warehouse, logs, reports and Dagster's store, nor in what the run said."""
    assert places_that_hold(done.home, SECRETS) == []
    assert [secret for secret in SECRETS if secret in done.output] == []
    assert "values that look like a person's name, address, number or text never land in clear" in done.output
    assert done.one("SELECT count(*) FROM mart_contact WHERE centre = 'hostile'") == N_ROWS
    assert done.one("SELECT count(*) FROM mart_case WHERE reason LIKE '(masked %'") == N_ROWS


def test_the_check_says_what_is_hashed_and_masked_and_shows_none_of_it(exports: Path) -> None:
    checked = faultline(
        "sources", "check", "--sources", exports / "sources", "--exports", exports / "exports"
    )
    said = " ".join((checked.stdout + checked.stderr).split())
    assert (
        f"{N_ROWS} of {N_ROWS} values of owner_id look like names, logins or addresses; they are hashed"
        in said
    )
    assert f"{N_ROWS} of {N_ROWS} values of reason look like a person's name, address, number or text" in said
    assert [secret for secret in SECRETS if secret in said] == []


def test_one_customer_with_several_ids_is_one_customer(done: Run) -> None:
    """Without it, the account of the telephony and the key of the risk model were two more customers."""
    (customer,) = done.rows("SELECT customer_id FROM mart_case WHERE case_id = 'C1'")[0]
    contacts = done.rows(
        f"SELECT contact_id, customer_id = '{customer}', customer_link_method, customer_link_confidence, "
        "journey_id FROM mart_contact WHERE centre = 'bank' ORDER BY contact_id"
    )
    assert [row[1:4] for row in contacts] == [
        (True, "other_id", 0.95),
        (True, "other_id", 0.95),
        (False, "customer_id", 0.98),
        (False, "customer_id", 0.98),
    ]
    assert contacts[0][4] == contacts[1][4]
    mapped = f"method = 'other_id' AND customer_id = '{customer}'"
    assert done.one(f"SELECT count(*) FROM dim_identity_map WHERE {mapped}") == 2
    assert done.one("SELECT sum(n_by_other_id) FROM mart_identity_match WHERE centre = 'bank'") == 2
