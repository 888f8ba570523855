{# What each documented InitiationMethod of Amazon Connect says of a contact record.

   `role`: `contact` begins a contact; `transfer` and `flow` go on with the contact of the record before;
   `third_party` is a call to somebody outside both ends, and `observer` a supervisor who listens: neither is a leg.
   `direction`: inbound or outbound; for API it depends on the channel. A method that is not listed begins a
   contact of unknown direction. #}
{% macro amazon_connect_initiations() %}
    {{
        return(
            {
                "INBOUND": {"role": "contact", "direction": "'inbound'"},
                "WEBRTC_API": {"role": "contact", "direction": "'inbound'"},
                "OUTBOUND": {"role": "contact", "direction": "'outbound'"},
                "CALLBACK": {"role": "contact", "direction": "'outbound'", "is_callback": true},
                "CALLBACK_CUSTOMER_FIRST_QUEUED": {
                    "role": "contact",
                    "direction": "'outbound'",
                    "is_callback": true,
                },
                "CALLBACK_CUSTOMER_FIRST_DIALED": {
                    "role": "contact",
                    "direction": "'outbound'",
                    "is_callback": true,
                },
                "API": {
                    "role": "contact",
                    "direction": "case when channel = 'VOICE' then 'outbound' when channel is not null then 'inbound' end",
                },
                "AGENT_REPLY": {"role": "contact", "direction": "'outbound'"},
                "FLOW": {"role": "contact", "direction": "'outbound'"},
                "TRANSFER": {"role": "transfer"},
                "QUEUE_TRANSFER": {"role": "transfer"},
                "DISCONNECT": {"role": "flow"},
                "EXTERNAL_OUTBOUND": {"role": "third_party"},
                "MONITOR": {"role": "observer"},
            }
        )
    }}
{% endmacro %}

{# The methods of some roles, or those of callbacks, as a list in brackets. #}
{% macro amazon_connect_methods(roles=[], is_callback=false) %}
    {%- set found = [] -%}
    {%- for method, entry in amazon_connect_initiations().items() -%}
        {%- if entry.role in roles or (is_callback and entry.get("is_callback")) -%}
            {%- do found.append(method) -%}
        {%- endif -%}
    {%- endfor -%}
    ('{{ found | join("', '") }}')
{%- endmacro %}

{# The direction of a contact that begins with a record; the word itself where it is not a documented one. #}
{% macro amazon_connect_direction() %}
    case
        initiation_method
        {% for method, entry in amazon_connect_initiations().items() %}
            when '{{ method }}' then {{ entry.get("direction", "null") }}
        {% endfor %}
        else lower(initiation_method)
    end
{% endmacro %}
