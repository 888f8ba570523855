{# What each event of the queue log that ends a stay in a queue says.

   `reason` is why the leg ended. `outcome` is how the stay ended for a caller whom no agent answered; an event without
   one ends only answered calls. `transfer` is how the next leg begins. `is_drop`: an agent dropped the caller before
   they spoke; the caller waits on, or the call ends and is logged as abandoned. #}
{% macro asterisk_endings() %}
    {{
        return(
            {
                "ABANDON": {"reason": "customer_disconnect", "outcome": "abandoned"},
                "COMPLETEAGENT": {"reason": "agent_disconnect"},
                "COMPLETECALLER": {"reason": "customer_disconnect"},
                "BLINDTRANSFER": {"reason": "transfer", "transfer": "blind"},
                "ATTENDEDTRANSFER": {"reason": "transfer", "transfer": "consult"},
                "TRANSFER": {"reason": "transfer", "transfer": "unspecified"},
                "EXITWITHTIMEOUT": {"reason": "timeout", "outcome": "flow_out"},
                "EXITEMPTY": {"reason": "no_agents", "outcome": "flow_out"},
                "LEAVEEMPTY": {"reason": "no_agents", "outcome": "flow_out"},
                "EXITWITHKEY": {"reason": "key", "outcome": "flow_out"},
                "WITHDRAW": {"reason": "withdrawn", "outcome": "system"},
                "AGENTDUMP": {"reason": "agent_disconnect", "outcome": "system", "is_drop": true},
                "SYSCOMPAT": {"reason": "error", "outcome": "system", "is_drop": true},
            }
        )
    }}
{% endmacro %}

{# The events that say something of the kind, as a list in brackets; all of them without a kind. #}
{% macro asterisk_ending_events(kind=none) %}
    {%- set events = [] -%}
    {%- for event, ending in asterisk_endings().items() if not kind or kind in ending -%}
        {%- do events.append(event) -%}
    {%- endfor -%}
    ('{{ events | join("', '") }}')
{%- endmacro %}

{# What an event says of a kind; NULL for an event that says nothing of it. #}
{% macro asterisk_ending(event, kind) %}
    case
        {{ event }}
        {% for name, ending in asterisk_endings().items() if kind in ending %}
            when '{{ name }}' then '{{ ending[kind] }}'
        {% endfor %}
    end
{%- endmacro %}
