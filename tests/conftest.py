"""What holds for both halves of the suite."""

from __future__ import annotations

import hypothesis
import pytest

# A busy machine is no defect of what is tested.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True, scope="session")
def _nobody_in_particular() -> object:
    """No setting of the person who runs the tests, and no colours, reaches them; the model cache does."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("EPITOME_OFFLINE", "HF_ENDPOINT", "HF_TOKEN", "FORCE_COLOR", "OMP_NUM_THREADS"):
            patch.delenv(name, raising=False)
        patch.setenv("NO_COLOR", "1")
        patch.setenv("COLUMNS", "100")
        yield


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A test that did not run proves nothing: skipped ones fail the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say so, since pytest itself prints skips as harmless."""
    if skipped := terminalreporter.stats.get("skipped"):
        terminalreporter.section("skipped tests fail the run", red=True)
        terminalreporter.line(f"{len(skipped)} skipped: make what they need available, or remove them")
