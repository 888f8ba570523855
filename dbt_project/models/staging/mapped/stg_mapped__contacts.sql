-- One row per contact.
{{ staged("contacts") }}
