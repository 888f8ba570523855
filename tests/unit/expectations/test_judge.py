"""A judge that breaks, a check that fails and a check that holds are three different things."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations import judge as judging
from expectations.judge import RESULT_COLUMNS, docs_index, has_errored, judge, read_statuses

WARN, BLIND = 0.05, 0.5


def _measures(shares: Sequence[float | None], blind_spot_id: str = "BS01") -> pd.DataFrame:
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
            {"blind_spot_id": name, "name": f"Check {name}", "warn_share": warn, "blind_share": blind}
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
    measures = pd.concat(
        [
            _measures([share], name)
            for name, share in [("BS01", 0.0), ("BS02", 0.9), ("BS03", 0.9), ("BS04", 0.0)]
        ]
    )
    registry = _registry(
        BS01=(WARN, BLIND), BS02=(WARN, BLIND), BS03=("soon", BLIND), BS04=(-1.0, BLIND), BS05=(WARN, BLIND)
    )
    return judge(measures, registry, docs), docs


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


def test_a_check_without_measures_says_nothing(canary: tuple[pd.DataFrame, Path]) -> None:
    results, _ = canary
    assert set(results["blind_spot_id"]) == {"BS01", "BS02", "BS03", "BS04"}
    assert tuple(results.columns) == RESULT_COLUMNS


def test_data_docs_are_written(canary: tuple[pd.DataFrame, Path]) -> None:
    _, docs = canary
    assert docs_index(docs).is_file()
    assert "BS02" in docs_index(docs).read_text(encoding="utf-8")


def test_an_expectation_that_crashes_while_judging_is_errored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Great Expectations does not raise: the lost column comes back as an unsuccessful result."""
    validate = judging._validate

    def without_shares(context: Any, check: Any, frame: pd.DataFrame, number: int) -> Any:
        is_broken = check["blind_spot_id"] == "BS02"
        return validate(context, check, frame.drop(columns="affected_share") if is_broken else frame, number)

    monkeypatch.setattr(judging, "_validate", without_shares)
    measures = pd.concat([_measures([0.0, 0.9]), _measures([0.0, 0.9], "BS02")])

    results = judge(measures, _registry(BS01=(WARN, BLIND), BS02=(WARN, BLIND)), tmp_path / "gx")

    assert _statuses(results, "BS01") == ["ok", "blind"]
    assert _statuses(results, "BS02") == ["errored", "errored"]


def test_a_share_of_exactly_the_threshold_still_holds(tmp_path: Path) -> None:
    shares = [0.0, WARN, WARN + 1e-6, BLIND, BLIND + 1e-6, 1.0]
    results = judge(_measures(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert _statuses(results) == ["ok", "ok", "warn", "warn", "blind", "blind"]


def test_a_threshold_of_zero_tolerates_nothing(tmp_path: Path) -> None:
    results = judge(_measures([0.0, 1e-9]), _registry(BS01=(0.0, 0.2)), tmp_path / "gx")
    assert _statuses(results) == ["ok", "warn"]


def test_scopes_with_nothing_to_measure_are_left_out(tmp_path: Path) -> None:
    results = judge(_measures([None, 0.0, None, 0.9]), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert list(results["scope_id"]) == ["team-1", "team-3"]
    assert _statuses(results) == ["ok", "blind"]


@pytest.mark.parametrize("shares", [[], [None, None]])
def test_no_measures_give_no_results_and_still_a_page(tmp_path: Path, shares: list[float | None]) -> None:
    results = judge(_measures(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert results.empty
    assert tuple(results.columns) == RESULT_COLUMNS
    assert docs_index(tmp_path / "gx").is_file()


def test_measures_of_an_unregistered_check_are_not_judged(tmp_path: Path) -> None:
    results = judge(_measures([0.9], "BS99"), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")
    assert results.empty


def test_an_older_project_in_the_folder_is_replaced(tmp_path: Path) -> None:
    docs = tmp_path / "gx"
    docs.mkdir()
    (docs / "old.txt").write_text("of the last run", encoding="utf-8")
    judge(_measures([0.0]), _registry(BS01=(WARN, BLIND)), docs)
    assert not (docs / "old.txt").exists()


def test_more_rows_than_a_batch_holds_are_all_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every batch counts its rows from zero; a status must not land on another batch's row."""
    sizes = []
    judge_batch = judging._judge_batch

    def counted(context: Any, check: Any, batch: pd.DataFrame, number: int) -> pd.DataFrame:
        sizes.append((number, len(batch)))
        return judge_batch(context, check, batch, number)

    monkeypatch.setattr(judging, "_judge_batch", counted)
    n_rows = judging.MAX_BATCH_ROWS + 5
    shares = [0.0] * n_rows
    shares[0] = shares[-2] = 0.9

    results = judge(_measures(shares), _registry(BS01=(WARN, BLIND)), tmp_path / "gx")

    assert sizes == [(0, judging.MAX_BATCH_ROWS), (1, 5)]
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
    assert has_errored(_Result("warn", success=False, result={}, info=one))
    assert has_errored(_Result("warn", success=False, result={"unexpected_count": 0}, info=by_metric))
    assert has_errored(_Result("warn", success=False, result={}, info=calm)), "nothing was counted"
    assert has_errored(_Result("warn", success=False, result={}))
    assert not has_errored(_Result("warn", success=False, result={"unexpected_count": 1}, info=calm))
    assert not has_errored(_good("warn"))


def test_the_order_of_results_does_not_matter() -> None:
    hit = {"unexpected_count": 1, "unexpected_index_list": [{"row": 1, "affected_share": 0.9}]}
    warn, blind = _Result("warn", success=False, result=hit), _Result("blind", success=False, result=hit)
    assert read_statuses([warn, blind], 2) == read_statuses([blind, warn], 2) == ["ok", "blind"]


def test_one_missing_or_broken_level_leaves_nothing_decided() -> None:
    broken = _Result("blind", success=False, result={})
    assert read_statuses([_good("warn")], 2) == ["errored", "errored"]
    assert read_statuses([_good("warn"), broken], 2) == ["errored", "errored"]
    assert read_statuses([_good("warn"), _good("blind")], 2) == ["ok", "ok"]
