-- One row per call detail record, a call has one or more.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_asterisk", "call_records") }}
