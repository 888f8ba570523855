"""What a check says of fields: which axis they become, and what stays blind without those that nobody maps."""

from orchestration.onboarding import roles
from orchestration.sources import contract

ENTITIES = contract.entities()


def test_a_queue_group_that_nobody_maps_leaves_bs08_undecided() -> None:
    assert roles.undecided(ENTITIES["queues"], {"queue_id", "queue"}) == [
        "queue_group (BS08 Unmapped queue or team)"
    ]
    assert roles.undecided(ENTITIES["queues"], {"queue_id", "queue_group"}) == []


def test_fields_of_a_case_become_the_axes_of_the_map() -> None:
    assert roles.axes(ENTITIES["cases"], {"case_id", "group_id", "reason", "channel"}) == [
        "team from group_id",
        "reason",
        "channel",
    ]
    assert roles.axes(ENTITIES["cases"], {"case_id"}) == []
