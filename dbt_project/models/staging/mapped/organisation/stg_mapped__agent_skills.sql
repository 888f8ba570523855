-- One row per skill of one agent while it was in force.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_mapped", "agent_skills") }}
