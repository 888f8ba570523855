-- One row per case or contact that belongs to a journey, with the key of the journey.
-- A view, because its readers need few of its columns.
{{ config(materialized="view") }}
select c.*, l.journey_key
from {{ ref("int_journey__candidates") }} as c
inner join {{ ref("int_journey__item_links") }} as l on c.item_key = l.item_key
