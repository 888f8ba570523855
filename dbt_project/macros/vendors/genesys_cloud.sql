{# Purposes of participants inside the centre, as a list in brackets. #}
{% macro genesys_cloud_insiders() %} ('agent', 'user', 'station', 'internal') {% endmacro %}

{# Purposes of participants outside it. #}
{% macro genesys_cloud_outsiders() %}('customer', 'external') {% endmacro %}
