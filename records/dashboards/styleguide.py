"""Examples for the guide to the components; plain values, no database."""

from typing import Any

from records.dashboards.formats import compared
from records.dashboards.outcomes import Outcome
from records.dashboards.overview import Cell, Entry, Metric
from records.dashboards.tags import Column
from records.dashboards.words import Words
from tenants.models import User

TOKENS = (
    "canvas", "surface", "raised", "sunken", "hover", "line", "line2", "grid", "field", "text", "text2", "text3",
    "accent", "accent-ink", "accent-soft", "on-accent",
)  # fmt: skip
LEVELS = ("fatal", "error", "warning", "info", "pass")
STATES = (*LEVELS, "running", "pending", "stopped")


def context(theme: str) -> dict[str, Any]:
    """Context of the guide in one theme."""
    return {
        "theme": theme if theme in User.Theme.values else User.Theme.SYSTEM,
        "themes": User.Theme.choices,
        "tokens": TOKENS,
        "levels": LEVELS,
        "states": STATES,
        "words": Words(),
        "outcomes": [Outcome(state, state.capitalize()) for state in STATES],
        "cells": [Cell(kind, f"Unit {at}: {kind}", "#") for at, kind in enumerate(LEVELS)],
        "legend": [Entry(kind, kind.capitalize(), at) for at, kind in enumerate(LEVELS)],
        "metrics": [
            Metric("Open fatal findings", "23", "84 in B-11", "fatal"),
            Metric("Blocking differences, absolute", "1.29M", "in 4 rules", full="1,293,240.02"),
        ],
        "bar": [("pass", 412_871), ("error", 35), ("waiting", 0)],
        "columns": [Column(f"B-{at}", "#", {"fatal": at, "error": at * 2, "warning": 9 - at}) for at in range(1, 9)],
        "pieces": (compared("148,220,914.37", "148,220,194.37"), compared("148,220,194.37", "148,220,914.37")),
        "hash": "9f2c41d8a0b34c55d1e66f7088917be05a13aa01",
        "stages": [
            {"name": name, "state": state, "mark": mark, "spoken": state, "note": note, "done": 62, "total": 100}
            for name, state, mark, note in (
                ("Received", "done", "pass", "61.4 MB"),
                ("Read", "done", "pass", "412,906 rows, 1.4 s"),
                ("Snapshot", "done", "pass", "0.6 s"),
                ("Rules", "running", "running", "62 of 100"),
                ("Stored", "waiting", "pending", "Waiting"),
                ("Followed up", "failed", "error", "Failed"),
            )
        ],
    }
