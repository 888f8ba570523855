-- One row per leg of a contact.
{{ staged("legs") }}
