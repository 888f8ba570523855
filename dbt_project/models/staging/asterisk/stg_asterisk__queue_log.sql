-- One row per line of the queue log.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_asterisk", "queue_log") }}
