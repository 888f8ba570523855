-- One row per analysis of a contact and party: the sentiment of the whole conversation.
-- A redacted copy of an analysis says the same once more.
{% for party in ["customer", "agent"] %}
    select
        centre,
        source_instance,
        contact_id,
        {{ party }}_sentiment as score,
        'minus5_5' as scale,
        '{{ party }}' as party,
        analysed_at as scored_at,
        {{ null_columns("sentiment", ["model_version"]) }},
        delivered_at
    from {{ ref("stg_amazon_connect__analyses") }}
    where not is_redacted and contact_id is not null and {{ party }}_sentiment is not null
    {% if not loop.last %}
        union all
    {% endif %}
{% endfor %}
