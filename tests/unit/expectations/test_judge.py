"""A judge that breaks, a check that fails and a check that holds are three different things."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations import checkpoint
from expectations import judge as judging
from expectations.judge import RESULT_COLUMNS, docs_index, judge
from expectations.results import SCOPE, has_errored, read_statuses

WARN, BLIND = 0.05, 0.5


def _coverage(shares: Sequence[float | None], blind_spot_id: str = "BS01") -> pd.DataFrame:
    """One team per share."""
    return pd.DataFrame(
        {
            "blind_spot_id": blind_spot_id,
            "source_instance": "telephony",
            "scope_type": "team",
            "scope_id": [f"team-{n}" for n in range(len(shares))],
            "window_type": "span",
            "window_start": pd.Timestamp("2024-01-01"),
            "affected_share": pd.array(shares, dtype="Float64").to_numpy("float64", na_value=float("nan")),
        }
    )


def _registry(**thresholds: tuple[Any, Any]) -> pd.DataFrame:
    """Checks by id with the shares from which they warn and are blind."""
    return pd.DataFrame(
        [
            {
                "blind_spot_id": name,
                "name": f"Check {name}",
                "overlap_group": "odd" if int(name[-1]) % 2 else "even",
                "entity": "permission_events",
                "question": "Which rows?",
                "remedy": "Deliver them.",
                "owner_function": "CRM platform",
                "warn_share": warn,
                "blind_share": blind,
            }
            for name, (warn, blind) in thresholds.items()
        ]
    )


def _statuses(results: pd.DataFrame, blind_spot_id: str = "BS01") -> list[str]:
    """Statuses in the order of the teams; the order of results promises nothing."""
    own = results[results["blind_spot_id"] == blind_spot_id]
    return list(own.sort_values("scope_id", key=lambda s: s.str.removeprefix("team-").astype(int))["status"])


@pytest.fixture(autouse=True, scope="module")
def _silent() -> Iterator[None]:
    """No usage figures leave the machine, whatever was set before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GX_ANALYTICS_ENABLED", "false")
        yield


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, Path]:
    """One check that holds, one that fails, one whose threshold is no number, one with crossed thresholds."""
    docs = tmp_path_factory.mktemp("judged") / "gx"
    coverage = pd.concat(
        [
            _coverage([share], name)
            for name, share in [("BS01", 0.0), ("BS02", 0.9), ("BS03", 0.9), ("BS04", 0.0)]
        ]
    )
    registry = _registry(
        BS01=(WARN, BLIND), BS02=(WARN, BLIND), BS03=("soon", BLIND), BS04=(-1.0, BLIND), BS05=(WARN, BLIND)
    )
    return judge(coverage, registry, docs), docs


def test_a_check_that_holds_is_ok_and_one_that_fails_is_blind(canary: tuple[pd.DataFrame, Path]) -> None:
    results, _ = canary
    assert _statuses(results, "BS01") == ["ok"]
    assert _statuses(results, "BS02") == ["blind"]


def test_a_check_that_cannot_be_built_is_errored_not_failed(canary: tuple[pd.DataFrame, Path]) -> None:
    results, _ = canary
    assert _statuses(results, "BS03") == ["errored"]


def test_a_check_that_great_expectations_refuses_is_errored_not_failed(
    canary: tuple[pd.DataFrame, Path],
) -> None:
    results, _ = canary
    assert _statuses(results, "BS04") == ["errored"], "a lower bound above the upper one decides nothing"


def test_a_check_without_coverage_says_nothing(canary: tuple[pd.DataFrame, Path]) -> None:
    results, _ = canary
    assert set(results["blind_spot_id"]) == {"BS01", "BS02", "BS03", "BS04"}
    assert tuple(results.columns) == RESULT_COLUMNS


def test_data_docs_are_written(canary: tuple[pd.DataFrame, Path]) -> None:
    _, docs = canary
    index = docs_index(docs).read_text(encoding="utf-8")
    assert all(f"validations/{suite}/" in index for suite in ("odd", "even"))


def test_an_expectation_that_crashes_while_judging_is_errored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations does not raise: the lost column comes back as an unsuccessful result."""
    run = checkpoint.run
    monkeypatch.setattr(
        checkpoint, "run", lambda point, frame, name: run(point, frame.drop(columns="BS03"), name)
    )
    coverage = pd.concat([_coverage([0.0, 0.9]), _coverage([0.0, 0.9], "BS03")])

    results = judge(coverage, _registry(BS01=(WARN, BLIND), BS03=(WARN, BLIND)), tmp_path / "gx")

    assert _statuses(results, "BS01") == ["ok", "blind"], "of the same suite"
    assert _statuses(results, "BS03") == ["errored", "errored"]


def test_a_checkpoint_that_breaks_leaves_every_scope_errored_and_still_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no more disk")

    monkeypatch.setattr(checkpoint, "run", broken)
    results = judge(_coverage([0.0, 0.9]), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert _statuses(results) == ["errored", "errored"]
    assert docs_index(tmp_path / "gx").is_file()


def test_two_shares_of_one_scope_are_refused(tmp_path: Path) -> None:
    """Without it, one of the two would be judged and the other would take its status."""
    coverage = pd.concat([_coverage([0.0]), _coverage([0.9])])
    with pytest.raises(ValueError, match="duplicate"):
        judge(coverage, _registry(BS01=(WARN, BLIND)), tmp_path / "gx")


def test_scopes_that_differ_in_one_name_only_keep_their_own_status(tmp_path: Path) -> None:
    """Unexpected rows come back by name; a name that is left out would mix up sources, scopes or windows."""
    base = _coverage([0.9])
    others = [
        base.assign(**{column: value, "affected_share": 0.0})
        for column, value in {
            "source_instance": "crm",
            "scope_type": "reason",
            "scope_id": "team-9",
            "window_type": "week",
            "window_start": pd.Timestamp("2024-01-08"),
        }.items()
    ]
    assert len(others) == len(SCOPE)
    results = judge(pd.concat([base, *others]), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert list(results["status"]) == ["blind", *["ok"] * len(others)]


def test_a_share_of_exactly_the_threshold_still_holds(tmp_path: Path) -> None:
    shares = [0.0, WARN, WARN + 1e-6, BLIND, BLIND + 1e-6, 1.0]
    results = judge(_coverage(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert _statuses(results) == ["ok", "ok", "warn", "warn", "blind", "blind"]


def test_a_threshold_of_zero_tolerates_nothing(tmp_path: Path) -> None:
    results = judge(_coverage([0.0, 1e-9]), _registry(BS01=(0.0, 0.2)), tmp_path / "gx")
    assert _statuses(results) == ["ok", "warn"]


def test_scopes_without_rows_are_left_out(tmp_path: Path) -> None:
    results = judge(_coverage([None, 0.0, None, 0.9]), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert list(results["scope_id"]) == ["team-1", "team-3"]
    assert _statuses(results) == ["ok", "blind"]


@pytest.mark.parametrize("shares", [[], [None, None]])
def test_no_coverage_gives_no_results_and_still_a_page(tmp_path: Path, shares: list[float | None]) -> None:
    results = judge(_coverage(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert results.empty
    assert tuple(results.columns) == RESULT_COLUMNS
    assert docs_index(tmp_path / "gx").is_file()


def test_coverage_of_an_unregistered_check_is_not_judged(tmp_path: Path) -> None:
    results = judge(_coverage([0.9], "BS99"), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert results.empty


def test_an_older_project_in_the_folder_is_replaced(tmp_path: Path) -> None:
    docs = tmp_path / "gx"
    docs.mkdir()
    (docs / "old.txt").write_text("of the last run", encoding="utf-8")
    judge(_coverage([0.0]), _registry(BS01=(WARN, BLIND)), docs)
    assert not (docs / "old.txt").exists()


def test_more_rows_than_a_batch_holds_are_all_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without batches, time and memory grow faster than the rows when most rows fail."""
    sizes = []
    run = checkpoint.run

    def counted(point: Any, frame: pd.DataFrame, name: str) -> Any:
        sizes.append((name, len(frame)))
        return run(point, frame, name)

    monkeypatch.setattr(checkpoint, "run", counted)
    n_rows = judging.MAX_BATCH_ROWS + 5
    shares = [0.0] * n_rows
    shares[0] = shares[-2] = 0.9

    results = judge(_coverage(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")

    full = judging.MAX_BATCH_ROWS
    assert sizes == [(f"scopes_1_to_{full}", full), (f"scopes_{full + 1}_to_{n_rows}", 5)]
    assert len(results) == n_rows
    assert set(results.loc[results["status"] == "blind", "scope_id"]) == {"team-0", f"team-{n_rows - 2}"}
    assert set(results["status"]) == {"ok", "blind"}


class _Config:
    def __init__(self, level: str) -> None:
        self.meta = {"level": level}


class _Result:
    """What Great Expectations gives back for one expectation."""

    def __init__(
        self, level: str, *, success: bool, result: dict[str, Any], info: dict[str, Any] | None = None
    ):
        self.expectation_config = _Config(level)
        self.success = success
        self.result = result
        self.exception_info = info


def _good(level: str) -> _Result:
    return _Result(level, success=True, result={"unexpected_count": 0, "unexpected_index_list": []})


def test_both_shapes_of_an_exception_are_recognised() -> None:
    one = {"raised_exception": True, "exception_message": "boom", "exception_traceback": ""}
    by_metric = {"('column.max', 'x')": one}
    calm = {"raised_exception": False, "exception_message": None, "exception_traceback": None}
    counted = {"unexpected_count": 1, "unexpected_index_list": [{}]}
    assert has_errored(_Result("warn", success=False, result={}, info=one))
    assert has_errored(_Result("warn", success=False, result=counted, info=by_metric))
    assert has_errored(_Result("warn", success=False, result={}, info=calm)), "nothing was counted"
    assert has_errored(_Result("warn", success=False, result={}))
    assert not has_errored(_Result("warn", success=False, result=counted, info=calm))
    assert not has_errored(_good("warn"))


def test_rows_that_are_counted_but_not_named_are_errored() -> None:
    """Without it, a result cut short leaves the rows it does not name at ok."""
    assert has_errored(_Result("warn", success=False, result={"unexpected_count": 2}))
    assert has_errored(
        _Result("warn", success=False, result={"unexpected_count": 2, "unexpected_index_list": [{}]})
    )


SCOPES = [("tel", "team", name, "span", "2024-01-01") for name in ("T1", "T2")]


def test_the_order_of_results_does_not_matter() -> None:
    row = dict(zip(SCOPE, SCOPES[1], strict=True)) | {"BS01": 0.9}
    hit = {"unexpected_count": 1, "unexpected_index_list": [row]}
    warn, blind = _Result("warn", success=False, result=hit), _Result("blind", success=False, result=hit)
    assert read_statuses([warn, blind], SCOPES) == read_statuses([blind, warn], SCOPES) == ["ok", "blind"]


def test_an_unexpected_row_that_nobody_handed_in_leaves_nothing_decided() -> None:
    hit = {"unexpected_count": 1, "unexpected_index_list": [dict.fromkeys(SCOPE, "elsewhere")]}
    results = [_Result("warn", success=False, result=hit), _good("blind")]
    assert read_statuses(results, SCOPES) == ["errored", "errored"]


def test_one_missing_or_broken_level_leaves_nothing_decided() -> None:
    broken = _Result("blind", success=False, result={})
    assert read_statuses([_good("warn")], SCOPES) == ["errored", "errored"]
    assert read_statuses([_good("warn"), broken], SCOPES) == ["errored", "errored"]
    assert read_statuses([_good("warn"), _good("blind")], SCOPES) == ["ok", "ok"]
