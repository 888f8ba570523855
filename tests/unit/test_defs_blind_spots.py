"""What a run says of small deliveries: once for a source and day, not once for each of its file sets."""

from datetime import date

from orchestration.defs import blind_spots

DAY = date(2025, 2, 17)


def test_small_deliveries_of_one_source_and_day_share_a_sentence() -> None:
    rows = [("crm", "cases", DAY, 1, 1000.0), ("crm", "notes", DAY, 20, 90.0), ("tel", "calls", DAY, 4, 50.0)]
    assert list(blind_spots._small_deliveries(rows)) == [
        "crm/cases delivered 1 row on 2025-02-17, where 1,000 are usual, and 1 more file set likewise. "
        "They landed, and count as BS04.",
        "tel/calls delivered 4 rows on 2025-02-17, where 50 are usual. They landed, and count as BS04.",
    ]
