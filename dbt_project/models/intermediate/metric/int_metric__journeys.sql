-- One row per journey, with the local day and the dimensions by which metrics split it.
select *, started_date as day, first_channel as channel from {{ ref("int_journey__journeys") }}
