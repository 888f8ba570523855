-- One row per item: the journey it belongs to, named after its smallest item.
with
    items as (select item_key from {{ ref("int_journey__items") }}),

    memberships as (select item_key, group_key from {{ ref("int_journey__memberships") }}),

    {{ connected_components("items", "memberships", passes=8) }}

select item_key, label as journey_id
from components
