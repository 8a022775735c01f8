"""Fixture: what a test measured, shown at the end of the test run beside what passed and failed."""

from collections.abc import Callable

import pytest

RecordFigure = Callable[[str, object], None]
MARK = "figure: "


@pytest.fixture
def record_figure(record_property: Callable[[str, object], None]) -> RecordFigure:
    """`record_figure("leaks over 700 probes", 0)`. Comes through from the workers of pytest-xdist too."""

    def record(name: str, value: object) -> None:
        record_property(f"{MARK}{name}", value)

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    called = [report for report in reports if isinstance(report, pytest.TestReport) and report.when == "call"]
    properties = [one for report in called for one in report.user_properties]
    figures = [(name.removeprefix(MARK), value) for name, value in properties if name.startswith(MARK)]
    if figures:
        terminalreporter.section("figures")
    for name, value in figures:
        terminalreporter.write_line(f"{name}: {value}")
