-- One row per sentiment score of one party of a contact, on a common scale from -1 to 1.
-- Vendors weigh a conversation in their own ways: values compare within a vendor only.
{% set ranges = {"minus5_5": 5, "minus100_100": 100, "label": 1} %}
select
    e.*,
    t.contact_key,
    i.journey_key,
    case
        {% for scale, range in ranges.items() %}
            when e.scale = '{{ scale }}' and e.score between -{{ range }} and {{ range }}
            then e.score / cast({{ range }} as double)
        {% endfor %}
    end as score_norm
from {{ ref("int_entity__sentiment") }} as e
left join {{ ref("int_contact__ids") }} as t on e.centre = t.centre and e.contact_id = t.contact_id
left join {{ ref("int_journey__items") }} as i on t.contact_key = i.item_key
