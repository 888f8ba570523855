-- One row per evaluation of one contact.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "evaluations") }}
