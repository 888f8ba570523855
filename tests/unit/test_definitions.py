"""The definitions bind resources that fit the libraries they extend."""

from inspect import signature

from dagster_dbt import DbtCliResource

from orchestration.definitions import Dbt


def test_what_is_left_out_of_a_dbt_command_is_what_dagster_dbt_would_do() -> None:
    """Without it, an update of dagster-dbt could bring back seconds for each command without a word."""
    for name in ("_cli_version", "_initialize_dbt_core_adapter"):
        assert hasattr(DbtCliResource, name), f"dagster-dbt has no {name} any more; adapt Dbt"
        assert name in vars(Dbt)
    replaced = DbtCliResource._initialize_dbt_core_adapter
    assert (
        signature(Dbt._initialize_dbt_core_adapter).parameters.keys() == signature(replaced).parameters.keys()
    )
