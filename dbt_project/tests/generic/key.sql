{# The columns tell each row of a table below the marts apart. Runs leave it out by its tag: our own SQL decides it,
   and a customer could do nothing about it. `make test` tries it on the centres that its tests run. #}
{% test key(model, columns) %}
    {{ config(tags=["grain"]) }} {{ test_unique_combination(model, columns) }}
{% endtest %}
