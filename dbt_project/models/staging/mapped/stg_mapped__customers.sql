-- One row per customer.
{{ staged("customers") }}
