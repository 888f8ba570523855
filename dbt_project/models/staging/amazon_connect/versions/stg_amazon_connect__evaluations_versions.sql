-- One row per delivered version of one evaluation of one contact.
-- Made by `make generate`; do not edit.
{{ every_version("raw_amazon_connect", "evaluations") }}
