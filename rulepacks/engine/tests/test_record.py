from decimal import Decimal
from pathlib import Path

import pytest

from rulepacks.engine.loader import load_pack
from rulepacks.engine.problems import ParameterError
from rulepacks.engine.record import RecordRules, RecordVerdict, compile_record_rules
from rulepacks.engine.spec import Pack
from rulepacks.engine.tests.federal import PACK, PARAMETERS, read_csv
from rulepacks.engine.tests.record_pack import PARAMETERS as GIVEN
from rulepacks.engine.tests.record_pack import with_rules, write_pack
from rulepacks.samples.trial_balance import Options, write

ROW_RULES = ("V01", "V02", "V04", "V05", "V06", "V07", "V08", "V09", "V10")


@pytest.fixture(scope="module")
def federal() -> RecordRules:
    return compile_record_rules(load_pack(PACK))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return write_pack(tmp_path_factory.mktemp("pack") / "pack")


def outcomes(verdict: RecordVerdict) -> dict[str, str]:
    return {judged.rule: judged.outcome for judged in verdict.outcomes}


def judge(pack: Pack, require: str, payload: dict[str, object]) -> str:
    """Outcome of one rule for one payload."""
    rules = compile_record_rules(with_rules(pack, [(require, None, "fail")]))
    return outcomes(rules.judge({"id": "1", **payload}, GIVEN))["T1"]


def test_records_of_a_sample_have_the_findings_of_the_rules_about_single_rows(
    federal: RecordRules, tmp_path: Path
) -> None:
    write(tmp_path, Options(rows=2000, seed=9))
    found = []
    for number, row in enumerate(read_csv(tmp_path / "trial_balance.csv"), start=1):
        verdict = federal.judge(row, PARAMETERS)
        assert not verdict.errored
        found += [(one.rule, str(number), one.key["tas"], one.unit) for one in verdict.findings]
    expected = [
        (row["rule"], row["row_number"], row["tas"], row["tas"])
        for row in read_csv(tmp_path / "expected_findings.csv")
        if row["rule"] in ROW_RULES
    ]
    assert sorted(found) == sorted(expected)


def test_rules_that_need_other_rows_or_inputs_are_not_evaluated(federal: RecordRules) -> None:
    judged = outcomes(federal.judge({}, PARAMETERS))
    assert judged["V03"] == judged["V11"] == judged["E01"] == judged["R03"] == "not_evaluated"
    assert judged["V04"] == "fail"
    assert list(judged) == [rule.code for rule in federal.pack.rules]


def test_a_rule_that_needs_another_is_not_evaluated_where_that_one_failed(federal: RecordRules) -> None:
    judged = outcomes(federal.judge({"ussgl_account": "999999", "begin_end": "B"}, PARAMETERS))
    assert (judged["V01"], judged["V06"]) == ("fail", "not_evaluated")


def test_an_unreadable_amount_is_the_finding_of_the_rule_it_names(federal: RecordRules) -> None:
    verdict = federal.judge({"amount": "12A450"}, PARAMETERS)
    finding = next(one for one in verdict.findings if one.rule == "V02")
    assert finding.fields == {"amount": "12A450"}
    assert finding.severity == "fatal"


def test_keys_of_a_payload_are_matched_as_headers_are(federal: RecordRules) -> None:
    judged = outcomes(federal.judge({"USSGL Account Number": "101000", "debit-credit": "D"}, PARAMETERS))
    assert (judged["V01"], judged["V04"]) == ("pass", "pass")


@pytest.mark.parametrize(
    ("payload", "require", "outcome"),
    [
        ({"n": 5}, "n = 5 and raw(n) = '5'", "pass"),
        ({"d": Decimal("1.50")}, "d = 1.5 and raw(d) = '1.50'", "pass"),
        ({"d": Decimal("1.505")}, "d = 1.5", "not_evaluated"),
        ({"d": Decimal("1e3")}, "d = 1000", "not_evaluated"),
        ({"wide": Decimal("0.0000001")}, "wide * 10000000 = 1", "pass"),
        ({"flag": True}, "flag", "pass"),
        ({"flag": None}, "flag", "fail"),
        ({"t": {"b": 1, "a": [None]}}, """t = '{"a":[null],"b":1}'""", "pass"),
        ({"big": 10**37}, "raw(big) = '1' || lpad('', 37, '0')", "pass"),
        ({"t": "x"}, "cast(t as integer) > 0", "error"),
        ({"t": "x"}, "t = 'x' or cast(t as integer) > 0", "pass"),
        ({"t": "a"}, "side.name = 'Alpha'", "pass"),
        ({"t": "ab", "day": "2024-03-01"}, "not found(dated)", "pass"),
        ({"t": "ab", "day": "2024-02-29"}, "found(dated)", "pass"),
    ],
)
def test_values_of_a_payload_are_read_as_the_text_a_file_would_have_had(
    pack: Pack, payload: dict[str, object], require: str, outcome: str
) -> None:
    assert judge(pack, require, payload) == outcome


def test_a_broken_rule_marks_the_record_as_errored_and_the_others_still_judge(pack: Pack) -> None:
    given = with_rules(pack, [("cast(t as integer) > 0", None, "fail"), ("t = 'y'", None, "fail")])
    verdict = compile_record_rules(given).judge({"id": "1", "t": "x"}, GIVEN)
    assert verdict.errored
    assert [finding.rule for finding in verdict.findings] == ["T2"]


def test_parameters_that_do_not_fit_are_refused(federal: RecordRules) -> None:
    with pytest.raises(ParameterError, match="period is required"):
        federal.judge({}, {"fiscal_year": "2025"})


def test_a_blank_field_is_named_in_the_message(federal: RecordRules) -> None:
    verdict = federal.judge({}, PARAMETERS)
    finding = next(one for one in verdict.findings if one.rule == "V04")
    assert finding.message == "Debit/credit is (blank); D or C is expected. Blank: debit_credit."


RULES = [
    "t is not null", "u like 'a%'", "length(t) <= 20", "n > 0", "n between 1 and 999999", "d >= 0", "d < 1000000.00",
    "matches(t, '[a-z]{1,9}')", "matches(kept, '[0-9]{4}')", "folded in ('A', 'B', 'C')", "flag or n > 3",
    "case when t = 'a' then n > 0 else d > 0 end", "day >= $since", "found(side)", "side.weight > 0",
    "t = $word or n <> $count", "t in ($words)", "upper(u) = u or u is not null", "starts_with(kept, '00')",
    "contains(t, 'a')", "n % 2 = 1", "d * 2 > 1.00", "coalesce(n, 0) >= 0", "zero_if_blank(d) >= 0", "abs(n) < 100000",
    "unit is not null", "t || '-' || u = 'a-a'", "concat_ws('/', t, u) = 'a/a'", "given(t, u, kept) = 3",
    "round(d, 1) = 12.3", "n is distinct from 4", "not (t = 'z')", "year(day) = 2024", "month(day) in (1, 2, 3)",
    "rate < 0.5", "wide > 0", "big > 0", "right(kept, 2) = '12'",
]  # fmt: skip


def test_38_rules_judge_a_clean_record_without_findings(pack: Pack) -> None:
    rules = compile_record_rules(with_rules(pack, [(require, None, "fail") for require in RULES]))
    record = {
        "id": "1", "unit": "x", "t": "a", "u": "a", "kept": "0012", "folded": "a", "n": "5", "big": "7", "d": "12.25",
        "wide": "1.5", "rate": ".25", "day": "2024-02-29", "flag": "true",
    }  # fmt: skip
    verdict = rules.judge(record, GIVEN)
    assert [one.rule for one in verdict.findings] == []
    assert len(verdict.outcomes) == 39
