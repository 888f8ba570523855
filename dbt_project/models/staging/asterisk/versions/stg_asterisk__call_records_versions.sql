-- One row per delivered version of one call detail record, a call has one or more.
-- Made by `make generate`; do not edit.
{{ every_version("raw_asterisk", "call_records") }}
