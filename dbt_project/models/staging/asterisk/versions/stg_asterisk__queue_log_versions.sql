-- One row per delivered version of one line of the queue log.
-- Made by `make generate`; do not edit.
{{ every_version("raw_asterisk", "queue_log") }}
