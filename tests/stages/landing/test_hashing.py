"""Identifiers leave landing as keyed hashes only, the same ones that Python's own HMAC gives."""

import hashlib
import hmac
import json
import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.errors import ConfigurationError
from orchestration.landing import manifest
from orchestration.landing.people import hashing
from orchestration.landing.people.hashing import normalise_phone
from tests.stages.place import SALT, Place, cases, csv_text


def hashed(domain: str, value: str, salt: bytes = SALT) -> str:
    return hmac.new(salt, f"{domain}:{value}".encode(), hashlib.sha256).hexdigest()[: hashing.HASH_LENGTH]


@pytest.mark.parametrize("salt", [b"", b"short", b"x" * 63, b"x" * 64, b"x" * 65, b"\xff\x00" * 100])
def test_hashes_equal_those_of_python(salt: bytes) -> None:
    values = ["", "a", "K-4711", "Ünïcödé 顧客 🙂", "'", "\\", "\0", "x" * 55, "x" * 56, "x" * 64, "x" * 5000]
    with duckdb.connect() as connection:
        hashing.install(connection, salt)
        found = connection.execute(
            "SELECT keyed_hash('customer:bank', v) FROM (SELECT unnest(?) AS v)", [values]
        )
        assert [row[0] for row in found.fetchall()] == [hashed("customer:bank", v, salt) for v in values]
        assert connection.execute("SELECT keyed_hash('customer:bank', NULL)").fetchall() == [(None,)]


def test_a_customer_has_one_hash_in_all_formats_of_a_centre(place: Place) -> None:
    feeds = {"cases": {"case_id": "id", "opened_at": "opened", "customer_id": "status"}}
    place.source(feeds, glob="*.csv", top={"centre": "bank"})
    place.put(
        "a.csv", csv_text(("C1", "2025-01-01", " 4711 "), ("C2", "2025-01-01", ""), ("C3", "2025-01-01", "Ü"))
    )
    place.land_one()
    expected = [hashed("customer:bank", "4711"), None, hashed("customer:bank", "Ü")]
    assert place.rows("customer_id") == expected
    place.source(feeds, glob="*.jsonl", format="jsonl", top={"centre": "bank"})
    place.put("b.jsonl", '{"id": "C4", "opened": "2025-01-01", "status": 4711}\n')
    place.land_one()
    path = place.put("c.parquet", b"")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT 5 AS id, DATE '2025-01-01' AS opened, 4711 AS status) TO '{path}' (FORMAT parquet)"
        )
    place.source(feeds, glob="*.parquet", format="parquet", top={"centre": "bank"}).land_one()
    assert place.rows("customer_id") == [*expected, expected[0], expected[0]]


NUMBERS = [
    ("+493012345678", "+493012345678", "valid"),
    ("+49 (30) 123-456.78", "+493012345678", "valid"),
    ("030 / 12345678", "+493012345678", "valid"),
    ("0049 30 12345678", "+493012345678", "valid"),
    ("+49 30 12345678 ext. 204", "+493012345678", "valid"),
    ("030 12345678x204", "+493012345678", "valid"),
    ("tel:+493012345678", "+493012345678", "valid"),
    ("sip:+493012345678@pbx.example.org;user=phone", "+493012345678", "valid"),
    ("+1 650 253 0000", "+16502530000", "valid"),
    ("204", None, "internal"),
    ("x204", None, "internal"),
    ("123456", None, "too_short"),
    ("anonymous", None, "withheld"),
    ("Anonymous ", None, "withheld"),
    ("UNKNOWN", None, "withheld"),
    ("+0000000", None, "invalid"),
    ("+49 1", None, "internal"),
    ("030 123456789012345678", None, "invalid"),
    ("sip:alice@example.org", None, "non_numeric"),
    ("call me", None, "non_numeric"),
    ("---", None, "non_numeric"),
    ("٠٣٠ ١٢٣٤٥٦٧٨", "+493012345678", "valid"),
    ("+4903012345678", "+493012345678", "valid"),
    ("+390612345678", "+390612345678", "valid"),
    ("+999123456789", None, "invalid"),
    ("Private number", None, "withheld"),
    ("sip:anonymous@anonymous.invalid", None, "withheld"),
    ("+266696687", None, "withheld"),
]


@pytest.mark.parametrize(("written", "number", "status"), NUMBERS)
def test_phone_numbers(written: str, number: str | None, status: str) -> None:
    assert normalise_phone(written, "DE") == (number, status)


@pytest.mark.parametrize(
    ("region", "forms"),
    [
        (
            "DE",
            ["030 12345678", "030/12345678-", "(030) 12345678 DW 204", "49 30 12345678", "0049 30 12345678"],
        ),
        ("DE", ["+4903012345678", "+49 (0) 30 12345678", "030 12345678 Durchwahl 204", "030 12345678p204"]),
        (
            "US",
            ["011 49 30 12345678", "0049 30 12345678", "+49-30-12345678 x204", "tel:+493012345678;ext=204"],
        ),
        ("", ["0049 30 12345678", "+493012345678;ext=204", "\uff0b49 30 12345678", "\u200e+493012345678"]),
    ],
)
def test_a_number_is_one_number_in_every_form_and_source(region: str, forms: list[str], place: Place) -> None:
    feeds = {"contacts": {"contact_id": "id", "channel": "'voice'", "started_at": "'2025-01-01'", "ani": "v"}}
    top = {"centre": "bank"} | ({"phone_region": region} if region else {})
    place.source(feeds, top=top).put("a.csv", csv_text(*((form, form) for form in forms), header="id,v"))
    place.land_one()
    expected = (hashed("phone:bank", "+493012345678"), "valid")
    assert set(place.rows("ani", "ani_status", entity="contacts")) == {expected}


@pytest.mark.parametrize(("written", "number", "status"), NUMBERS)
def test_what_skips_the_library_is_what_the_library_makes_of_it(
    written: str, number: str | None, status: str
) -> None:
    """And all else is given to it once, however many rows there are."""
    with duckdb.connect() as connection:
        hashing.install(connection, SALT)
        query = "SELECT phone_e164(n, 'DE'), phone_status(n, 'DE') FROM (SELECT unnest(?) AS n)"
        normalise_phone.cache_clear()
        assert connection.execute(query, [[written] * 5_000]).fetchall() == [(number, status)] * 5_000
    assert normalise_phone.cache_info().misses == (0 if written == "+493012345678" else 1)


def test_national_numbers_need_a_country() -> None:
    assert normalise_phone("030 12345678", "") == (None, "no_country")
    assert normalise_phone("+49 30 12345678", "") == ("+493012345678", "valid")
    assert normalise_phone("030 12345678", "US")[1] != "valid"


def test_numbers_land_as_hash_and_status(place: Place) -> None:
    feeds = {"contacts": {"contact_id": "id", "channel": "'voice'", "started_at": "'2025-01-01'", "ani": "v"}}
    place.source(feeds, top={"phone_region": "DE", "centre": "bank"})
    rows = [(f"N{i}", f'"{written}"') for i, (written, _, _) in enumerate(NUMBERS)]
    place.put("a.csv", csv_text(*rows, ("none", ""), header="id,v"))
    assert place.land_one().n_read == len(NUMBERS) + 1
    expected = [(hashed("phone:bank", n) if n else None, status) for _, n, status in NUMBERS]
    assert place.rows("ani", "ani_status", entity="contacts") == [*expected, (None, None)]


def test_lists_of_numbers_and_addresses_hash_each(place: Place) -> None:
    feeds = {"customers": {"customer_id": "id", "phones": "p", "emails": "e", "merged_into": "m"}}
    place.source(feeds, delimiter=";", top={"phone_region": "DE"})
    place.put("a.csv", "id;p;e;m\nK1;030 12345678|204|+16502530000;A@x.org| b@x.org ;K2\nK2;;;\n")
    place.land_one()
    assert place.rows("customer_id", "phones", "emails", "merged_into", entity="customers") == [
        (
            hashed("customer:crm", "K1"),
            [hashed("phone:crm", "+493012345678"), hashed("phone:crm", "+16502530000")],
            [hashed("email:crm", "a@x.org"), hashed("email:crm", "b@x.org")],
            hashed("customer:crm", "K2"),
        ),
        (hashed("customer:crm", "K2"), None, None, None),
    ]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"delimiter": ";"}, "id;o\nK1;T-9| 7001.0 |unknown|0|n/a|---|5.00E+17|Unbekannt|000|9999\nK2;\n"),
        ({"delimiter": ";", "list_separator": ","}, "id;o\nK1;T-9,7001,none,#N/A\nK2;\n"),
        ({"delimiter": ";", "quote": ""}, 'id;o\nK1;["T-9", "7001", "unknown", ""]\nK2;[]\n'),
        ({"format": "jsonl"}, '{"id": "K1", "o": ["T-9", "7001.0", null, "0"]}\n{"id": "K2"}\n'),
    ],
    ids=["delimited", "by comma", "array as text", "array"],
)
def test_other_ids_are_hashed_as_customers_are_and_placeholders_left_out(
    place: Place, options: dict[str, str], text: str
) -> None:
    """A placeholder that customers share would lead to whoever lists it first."""
    feeds = {"customers": {"customer_id": "id", "other_ids": "o"}}
    place.source(feeds, **options).put("a", text)  # type: ignore[arg-type]
    place.land_one()
    expected = [hashed("customer:crm", "T-9"), hashed("customer:crm", "7001")]
    first, second = place.rows("other_ids", entity="customers")
    assert first == expected
    assert not second


def test_an_address_is_one_address_in_every_form(place: Place) -> None:
    feeds = {
        "contacts": {"contact_id": "id", "channel": "'email'", "started_at": "'2025-01-01'", "email": "v"},
        "customers": {"customer_id": "id", "emails": "v"},
    }
    forms = ["me@x.org", "Me@X.org", '"Q., Z." <me@x.org>', "mailto:me@x.org", "< ME@x.org >"]
    place.source(feeds, delimiter=";", quote="", top={"centre": "bank"})
    place.put("a.csv", "id;v\n" + "".join(f"{i};{form}\n" for i, form in enumerate(forms)))
    place.land()
    address = hashed("email:bank", "me@x.org")
    assert place.rows("email", entity="contacts") == [address] * len(forms)
    assert place.rows("emails", entity="customers") == [[address]] * len(forms)


def test_nothing_that_names_a_person_is_written(place: Place) -> None:
    """Sound, bad, damaged and refused: the home holds no byte of it, compressed or not."""
    feeds = {
        "customers": {
            "customer_id": "customer",
            "name": "name",
            "phones": "phone",
            "emails": "mail",
            "created_at": "since",
        }
    }
    place.source(feeds, top={"phone_region": "DE"})
    secret = "customer-777,Zacharias Quokka,030 98765432,zq@quokka.example"
    header = "customer,name,phone,mail,since\n"
    place.put("sound.csv", f"{header}{secret},2025-01-01\n")
    place.put("bad.csv", f"{header}{secret},Quokka-Tag\n")
    place.put("damaged.csv", f'{header}{secret}\n"{secret}",x"\n')
    place.put("no_header.csv", f"{secret},2025-01-01\n" * 3)
    place.put("short.csv", f"{secret}\n")
    place.put("utf8.csv", f"{header}{secret},".encode() + b"\xff\n")
    for line in (secret, f'{{"customer": "{secret}"', f'["{secret}"]'):
        place.put(f"{len(line)}.jsonl", line + "\n")
    place.source(feeds, glob="*.csv", top={"phone_region": "DE"}).land()
    place.source(feeds, glob="*.jsonl", format="jsonl").land()
    place.put("a.json", f'[{{"customer": "{secret}"}}, "{secret}"]')
    place.put("b.json", f'{{"{secret}": "{secret}"}}')
    place.source(feeds, glob="*.json", format="json").land()
    written = place.written()
    for word in (b"customer-777", b"Zacharias", b"Quokka", b"quokka", b"98765432", b"9876 5432"):
        assert word not in written
    assert hashed("customer:crm", "customer-777").encode() in written
    assert "name" not in place.columns("customers")


def test_salt_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first = hashing.load_salt(tmp_path / "state")
    path = tmp_path / "state" / "salt"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(first) == 64
    assert hashing.load_salt(tmp_path / "state") == first
    assert hashing.load_salt(tmp_path / "other") != first


def test_a_salt_that_a_full_disk_cut_off_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it, an empty salt stays behind and every later run of the home refuses it."""
    with monkeypatch.context() as patch:

        def full(_handle: int) -> None:
            raise OSError(28, "No space left on device")

        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            hashing.load_salt(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(hashing.load_salt(tmp_path)) == 64


def test_a_given_salt_goes_before_the_file(tmp_path: Path) -> None:
    assert hashing.load_salt(tmp_path, "chosen") == b"chosen"
    assert not (tmp_path / "salt").exists()


def test_an_empty_salt_is_no_salt(tmp_path: Path) -> None:
    (tmp_path / "salt").write_text("\n")
    with pytest.raises(ConfigurationError, match=r"salt is empty.*backup"):
        hashing.load_salt(tmp_path)


def test_a_salt_that_is_gone_is_not_made_anew(place: Place) -> None:
    """Without it, a restored home without its salt would hash every identifier differently, without a word."""
    state = place.home.state
    salt = hashing.load_salt(state)
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land(salt=salt)
    (state / "salt").unlink()
    with pytest.raises(
        ConfigurationError, match=r"state/salt does not exist and FAULTLINE_SALT is empty.*--land-anew"
    ):
        hashing.load_salt(state)
    assert not (state / "salt").exists()
    place.land(salt=hashing.load_salt(state, salt.decode()))


def test_another_salt_stops_the_landing(place: Place) -> None:
    """Without it, a customer would have one hash in old rows and another in new ones, and no join would say so."""
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    place.put("b.csv", csv_text(*cases(3, 7)))
    before = place.written()
    with pytest.raises(
        ConfigurationError, match=r"another salt than FAULTLINE_SALT.*Restore the salt.*--home"
    ):
        place.land(salt=b"another")
    assert place.written() == before
    assert len(place.land(salt=SALT).deliveries) == 1


def test_a_raw_zone_of_an_older_version_takes_the_salt_it_is_landed_with_first(place: Place) -> None:
    place.source().put("a.csv", csv_text(*cases(2)))
    place.land_one()
    lines = place.manifest.path.read_bytes().splitlines(keepends=True)
    place.manifest.path.write_bytes(b"".join(line for line in lines if b'"salt"' not in line))
    assert not place.manifest.salt
    place.land(salt=SALT)
    with pytest.raises(ConfigurationError, match="another salt"):
        place.land(salt=b"another")


def test_what_is_forgotten_lands_anew_under_another_salt(place: Place) -> None:
    """Old hashes beside new ones would join nothing, without a word."""
    feeds = {"cases": {"case_id": "id", "opened_at": "opened", "customer_id": "status"}}
    place.source(feeds).put("a.csv", csv_text(*cases(2)))
    place.land_one()
    assert not place.land(salt=SALT).deliveries
    manifest.forget(place.home.state)
    assert len(place.land(salt=b"another").deliveries) == 1
    assert set(place.rows("customer_id")) == {hashed("customer:crm", "open", b"another")}
    assert hashed("customer:crm", "open").encode() not in place.written()
    assert SALT not in place.written()


HARMLESS = [
    "7", "-12", "123456", "3.25", "0,5", "0.8333333333333334", "true", "No", "2025-01-31", "31.1.2025 9:05",
    "2025-01-31T10:00:00.123Z", "2025-01-31 10:00 +01:00", "10:30", "9:05 PM", "VOICE", "INC001002", "v1.2.3",
    "a/b:c#d", "Störung", "x" * 64,
]  # fmt: skip
PERSONAL = [
    "8675309", "+49 30 123456", "030/1234567", "555-1234", "(0)30123", "491511.2345678", "+49.1511234567",
    "INC0010023", "a@b.c", "Zoe Quokka", "Zoe, Q", "10.0.0.17", "fe80::1c2d", "00:1b:63:84:45:e6",
    "sip:12-345-67@pbx", "x" * 65, '{"a": 1}', "[1]", "o'clock;", "4111-1111-1111-1111", "2025-01-31 Zoe",
]  # fmt: skip
OF_PEOPLE = [
    "name", "agentName", "FIRST_NAME", "Subject", "callerid", "e-mail", "Contact Phone", "zipCode", "City",
    "ClientIP", "created_by", "HTMLBody", "assigned to", "u_user", "DOB", "notes", "Kommentar text",
]  # fmt: skip
OF_THINGS = ["capacity", "queue", "is_ipo", "tone", "bypass", "Stage", "shipment", "score"]
NO_NAMES = ["quokka@example.org", "+49 151 2345678"]


def kept(place: Place, *records: dict[str, str]) -> list[dict[str, str]]:
    """What is kept beside records of JSON."""
    sound = [{"id": f"C{i}", "opened": "2025-01-01", **record} for i, record in enumerate(records)]
    place.source({"cases": {"case_id": "id", "opened_at": "opened"}}, format="jsonl")
    place.put("a.jsonl", "".join(json.dumps(one) + "\n" for one in sound))
    columns = {hashing.shown(name) for record in records for name in record}
    assert place.land_one().columns_extra == tuple(sorted(columns))
    return [json.loads(one) for one in place.rows("_extra")]


def test_a_new_column_keeps_impersonal_values_and_hashes_others(place: Place) -> None:
    found = kept(place, *({"state": value} for value in HARMLESS + PERSONAL))
    assert found[: len(HARMLESS)] == [{"state": value} for value in HARMLESS]
    assert found[len(HARMLESS) :] == [{"state": hashed("extra:crm", value)} for value in PERSONAL]
    written = place.written()
    assert [value for value in PERSONAL if len(value) > 6 and value.encode() in written] == []


def test_a_new_column_for_people_or_text_is_hashed_whatever_it_holds(place: Place) -> None:
    (found,) = kept(place, {name: f"x{i}" for i, name in enumerate(OF_PEOPLE + OF_THINGS)})
    hidden = {name: hashed("extra:crm", f"x{i}") for i, name in enumerate(OF_PEOPLE)}
    assert found == hidden | {name: f"x{i}" for i, name in enumerate(OF_THINGS, len(OF_PEOPLE))}


def test_a_key_that_is_no_name_is_hashed_and_shown_as_its_shape(place: Place) -> None:
    (found,) = kept(place, dict.fromkeys(NO_NAMES, "x7"))
    assert found == {hashed("extra:crm", name): "x7" for name in NO_NAMES}
    assert not any(name.encode() in place.written() for name in NO_NAMES)
