"""The looks in which pages are shown to an accessibility checker."""

import pytest

# Theme changes colours, width changes layout: a change meets each once, the battery all pairs.
LOOKS = pytest.mark.parametrize(
    ("theme", "width"),
    [
        ("light", 1440),
        ("dark", 390),
        pytest.param("dark", 1440, marks=pytest.mark.battery),
        pytest.param("light", 390, marks=pytest.mark.battery),
    ],
)
