-- One row per skill of an agent while it was in force, of all sources.
{{ entity_union("agent_skills", ["stg_mapped__agent_skills"]) }}
