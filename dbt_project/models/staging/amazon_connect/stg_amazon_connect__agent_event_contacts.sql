-- One row per contact that an agent had at an event of the agent event stream.
-- Made by `make generate`; do not edit.
{{ latest_version("raw_amazon_connect", "agent_event_contacts") }}
