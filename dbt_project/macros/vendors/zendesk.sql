{# Fields of a ticket whose changes count, with the field of a case that each one is. #}
{% macro zendesk_fields() %}
    {{ return({"status": "status", "priority": "priority", "group_id": "group", "assignee_id": "owner"}) }}
{% endmacro %}
