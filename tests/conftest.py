"""What all tests share: the flag that refreshes goldens, and a patient hypothesis."""

from __future__ import annotations

import pytest
from hypothesis import settings

# a busy machine is not a slow function: time is measured in bench/, never in tests
settings.register_profile("archnb", deadline=None)
settings.load_profile("archnb")


def pytest_addoption(parser: pytest.Parser) -> None:
    """--refresh-goldens writes the golden files anew; read the diff before committing it."""
    parser.addoption("--refresh-goldens", action="store_true", default=False, help="write the golden files anew")
