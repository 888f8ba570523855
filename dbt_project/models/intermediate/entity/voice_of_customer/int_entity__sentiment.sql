-- One row per sentiment score of one party of a contact, of all sources.
{{ entity_union("sentiment", ["stg_mapped__sentiment", "int_amazon_connect__sentiment"]) }}
