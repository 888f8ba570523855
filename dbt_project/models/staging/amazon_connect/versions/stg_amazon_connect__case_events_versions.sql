-- One row per delivered version of one event of the event stream of cases, of a case or of an item related
-- to one.
-- Made by `make generate`; do not edit.
{{ every_version("raw_amazon_connect", "case_events") }}
