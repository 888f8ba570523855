"""What lands of a text: counts and registered phrases, never a word of the customer's own."""

import duckdb
import pytest

from orchestration.base import registries
from orchestration.landing.plan import text_features
from tests.stages.place import Place, csv_text


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    text_features.install(connection)
    return connection


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("Unless this is solved we will cancel our\ncontract.", (9, False, ["cancel our contract"], False)),
        ("Ich kündige! Mein Anwalt schreibt Ihnen.", (6, False, ["Kündigung", "anwalt"], False)),
        ("Wie bereits gesagt: wo bleibt meine Antwort?", (7, True, [], True)),
        ("¿Otra vez? Quiero DARME DE BAJA.", (6, True, ["darme de baja"], True)),
        ("J'attends toujours, je veux porter plainte", (6, False, ["porter plainte"], True)),
        ("Já expliquei isto. Vou ao livro de reclamações", (8, False, ["livro de reclamações"], True)),
        ("Complaining about complaints", (3, False, ["complaint"], False)),
        ("A pressing matter for the lawyers' club", (7, False, [], False)),
        ("", (0, False, [], False)),
        (None, (None, None, None, None)),
    ],
)
def test_a_text_gives_counts_and_registered_phrases(
    connection: duckdb.DuckDBPyConnection, text: str | None, features: tuple[object, ...]
) -> None:
    calls = ", ".join(f"{function}(body)" for function in text_features.FUNCTIONS)
    assert connection.execute(f"SELECT {calls} FROM (SELECT ? AS body)", [text]).fetchone() == features


def test_every_phrase_is_found_in_a_sentence(connection: duckdb.DuckDBPyConnection) -> None:
    """Without it, a pattern with an accent or a capital letter would never be found."""
    missed = []
    for row in registries.rows(text_features.PHRASES):
        text = f"Well, {row['pattern'].rstrip('*')}!"
        terms, is_reask = connection.execute(
            "SELECT escalation_terms(body), is_reask(body) FROM (SELECT ? AS body)", [text]
        ).fetchall()[0]
        if not (row["phrase"] in terms if row["kind"] == "escalation" else is_reask):
            missed.append(row["pattern"])
    assert not missed


def test_all_languages_have_phrases_of_both_kinds() -> None:
    found = {(row["kind"], row["language"]) for row in registries.rows(text_features.PHRASES)}
    assert found == {
        (kind, one) for kind in ("escalation", "reask") for one in ("de", "en", "es", "fr", "pt")
    }


def test_features_of_a_text_land_and_the_text_does_not(place: Place) -> None:
    fields = {
        "message_id": "id",
        "direction": "'inbound'",
        "sent_at": "sent",
        **{name: f"{name}(Body)" for name in ("has_question", "escalation_terms", "is_reask")},
        "n_words": "word_count(Body)",
    }
    place.source({"messages": fields})
    body = "Secretword: I told you before; my lawyer will call. Why?"
    place.put("a.csv", csv_text(("M1", "2025-01-01 10:00:00", body), header="id,sent,Body"))
    place.land_one()
    found = place.exposed("SELECT n_words, has_question, escalation_terms, is_reask FROM raw_mapped.messages")
    assert found == [(10, True, ["lawyer"], True)]
    assert not [
        path for path in place.home.root.rglob("*") if path.is_file() and b"Secretword" in path.read_bytes()
    ]
