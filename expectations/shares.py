"""Expectations about the affected share of a blind spot, one class per level of judgement.

Each is Great Expectations' own `ExpectColumnValuesToBeBetween` with the limit, the words and the severity
taken from a row of the registry. Importing this module imports Great Expectations.
"""

from collections.abc import Mapping
from html import escape
from typing import Any, ClassVar, Self

from great_expectations.expectations.core.expect_column_values_to_be_between import (
    ExpectColumnValuesToBeBetween,
)
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.render.components import LegacyDiagnosticRendererType, RenderedTableContent
from great_expectations.render.renderer.renderer import renderer

from expectations.results import SCOPE, has_errored

MAX_ROWS_SHOWN = 20
_HEADER = ("Affected", "Source", "Scope", "", "Window", "from")


class ExpectAffectedShareToStayWithinWarn(ExpectColumnValuesToBeBetween):
    """Expect the affected share of every scope to be at most the `warn_share` of its blind spot."""

    level: ClassVar[str] = "warn"
    failure: ClassVar[FailureSeverity] = FailureSeverity.WARNING

    @classmethod
    def of(cls, check: Mapping[Any, Any]) -> Self:
        """The expectation of one blind spot.

        Args:
            check: a row of the registry with `blind_spot_id`, `name`, `entity`, `question`, `remedy`,
                `owner_function` and the share of this level.

        Raises:
            ValueError: the share is no number, or Great Expectations refuses it.
        """
        share = float(check[f"{cls.level}_share"])
        return cls(
            column=check["blind_spot_id"],
            min_value=0,
            max_value=share,
            severity=cls.failure,
            description=f"{check['blind_spot_id']} {check['name']}: {limit(share, check['entity'])}",
            notes=[check["question"], f"{check['owner_function']}: {check['remedy']}"],
            meta={"blind_spot_id": check["blind_spot_id"], "level": cls.level},
        )

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_TABLE)
    def _diagnostic_unexpected_table_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any] | None:
        """The scopes above the limit by name, the most affected first."""
        rows = (result.result or {}).get("unexpected_index_list") if result else None
        if not rows:
            return None
        column = result.expectation_config.kwargs["column"]
        worst = sorted(rows, key=lambda row: (-row[column], *(str(row[name]) for name in SCOPE)))
        return [
            RenderedTableContent(
                content_block_type="table",
                header_row=list(_HEADER),
                table=[
                    [f"{row[column]:.1%}", *(escape(str(row[name])) for name in SCOPE)]
                    for row in worst[:MAX_ROWS_SHOWN]
                ],
                styling={"body": {"classes": ["table-bordered", "table-sm", "mt-3"]}},
            )
        ]

    @classmethod
    @renderer(renderer_type=LegacyDiagnosticRendererType.UNEXPECTED_STATEMENT)
    def _diagnostic_unexpected_statement_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any]:
        """How many of the scopes that have a share are above the limit."""
        content: list[Any] = super()._diagnostic_unexpected_statement_renderer(result=result)
        if not has_errored(result) and content:
            found = result.result
            n_judged = found["element_count"] - found["missing_count"]
            shown = min(found["unexpected_count"], MAX_ROWS_SHOWN)
            statement = f"{found['unexpected_count']:,} of {n_judged:,} scopes are above. Worst {shown}:"
            content[0].string_template |= {"template": f"\n\n{statement}", "params": {}}
        return content


class ExpectAffectedShareToStayWithinBlind(ExpectAffectedShareToStayWithinWarn):
    """Expect the affected share of every scope to be at most the `blind_share` of its blind spot."""

    level: ClassVar[str] = "blind"
    failure: ClassVar[FailureSeverity] = FailureSeverity.CRITICAL


LEVELS = (ExpectAffectedShareToStayWithinWarn, ExpectAffectedShareToStayWithinBlind)


def limit(share: float, entity: str | None) -> str:
    """How many of the rows of a scope may be affected, in words: `at most 5 % of the contacts of a scope`."""
    records = entity.replace("_", " ") if isinstance(entity, str) and entity else "records"
    return f"{f'at most {share * 100:g} %' if share else 'none'} of the {records} of a scope"
