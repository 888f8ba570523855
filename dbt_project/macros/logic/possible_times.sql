{# SQL of the times of an entity's row `e` as far as they are possible, by column; and whether all are.

   Rules of the contract (`time_rules`): a stamp does not precede those before it, seconds fit between two
   stamps. Everywhere: seconds are neither negative nor more than a year, and
   nothing happened a day or more after its delivery. A
   stamp that precedes another by a second or less is equal to it, because exports round. A duration says
   better when something ended than a stamp does, because local stamps jump with the clock. #}
{% macro possible_times(entity) %}
    {%- set columns = contract()[entity] -%}
    {%- set rules = time_rules().get(entity, {"order": {}, "at_most": {}}) -%}
    {#- NULL would mean that they never end; what is not in force at any time does no harm. -#}
    {%- set kept = ["valid_to"] -%}
    {#- A date that lies ahead is a plan. -#}
    {%- set planned = ["valid_to", "closed_at", "shift_end"] -%}
    {#- A year: what lasts longer is no duration, and adding it to a stamp could leave the calendar. -#}
    {%- set most_seconds = 31622400 -%}
    {%- set found = {} -%} {%- set broken = [] -%} {%- set compared = [] -%}

    {%- for column in columns if column.endswith("_seconds") -%}
        {%- set seconds = "e." ~ column -%}
        {%- set value = (
            "case when "
            ~ seconds
            ~ " > -1 and "
            ~ seconds
            ~ " < "
            ~ most_seconds
            ~ " then greatest("
            ~ seconds
            ~ ", 0) end"
        ) -%}
        {%- do found.update({column: value}) -%}
        {%- do broken.append(seconds ~ " <= -1 or " ~ seconds ~ " >= " ~ most_seconds) -%}
        {%- do compared.append(seconds) -%}
    {%- endfor -%}

    {%- set has_duration = "duration_seconds" in columns -%}
    {%- set milliseconds = "1000 * " ~ found.duration_seconds -%}
    {%- set end_by_duration = dbt.dateadd("millisecond", milliseconds, "e.started_at") -%}

    {%- for later, earlier in rules.order.items() -%}
        {%- set before = (
            "e." ~ earlier[0]
            if earlier | length == 1
            else "greatest(e." ~ earlier | join(", e.") ~ ")"
        ) -%}
        {%- set stamp = "e." ~ later -%}
        {%- set faults = [stamp ~ " < " ~ dbt.dateadd("second", -1, before)] -%}
        {%- if later not in planned -%}
            {%- do faults.append(stamp ~ " > " ~ dbt.dateadd("day", 1, "e.delivered_at")) -%}
        {%- endif -%}
        {%- if has_duration and later == "answered_at" -%}
            {%- do faults.append(stamp ~ " > " ~ dbt.dateadd("second", 1, end_by_duration)) -%}
        {%- endif -%}
        {%- set value = (
            "case when " ~ faults
            | join(" or ")
            ~ " then null when "
            ~ stamp
            ~ " < "
            ~ before
            ~ " then "
            ~ before
            ~ " else "
            ~ stamp
            ~ " end"
        ) -%}
        {%- if has_duration and later == "ended_at" -%}
            {%- set value = "coalesce(" ~ end_by_duration ~ ", " ~ value ~ ")" -%}
            {%- set faults = ["(e.duration_seconds is null and (" ~ faults | join(" or ") ~ "))"] -%}
        {%- endif -%}
        {%- if later not in kept -%} {%- do found.update({later: value}) -%} {%- endif -%}
        {%- do broken.extend(faults) -%}
        {%- do compared.append("case when " ~ before ~ " is not null then " ~ stamp ~ " end") -%}
    {%- endfor -%}

    {%- for seconds, (since, until) in rules.at_most.items() -%}
        {%- set span = dbt.datediff("e." ~ since, found[until], "second") -%}
        {%- set fault = found[seconds] ~ " > " ~ span ~ " + 1" -%}
        {%- do found.update(
            {seconds: "case when " ~ fault ~ " then null else " ~ found[seconds] ~ " end"}
        ) -%}
        {%- do broken.append(fault) -%}
    {%- endfor -%}

    {%- set is_possible -%}
        {%- if compared -%}
            case
                when {{ broken | join(" or ") }} then false
                when {{ compared | join(" is not null or ") }} is not null then true
            end
        {%- else -%} cast(null as {{ landed_type("bool") }})
        {%- endif -%}
    {%- endset -%}
    {{ return({"values": found, "is_possible": is_possible}) }}
{% endmacro %}
