-- One row per case as it stands at its newest delivery.
{{ staged("cases") }}
