"""The delivery that a new installation shows: a quarter's trial balance with one fault of each kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rulepacks.samples.trial_balance import Options, write

PACK = "federal.gtas.reconciliation"
FILES = {
    "trial_balance": "trial_balance.csv",
    "accounts": "tas.csv",
    "prior_year": "prior_year.csv",
    "ledger": "gl_balances.csv",
}
"""Inputs of the pack, and the files the generator writes for them."""


@dataclass(frozen=True)
class Delivery:
    """Files by input name, and the pack and parameters to judge them with."""

    pack: str
    dataset: str
    title: str
    parameters: Mapping[str, int]
    files: Mapping[str, Path]


def demo_delivery(folder: Path) -> Delivery:
    """Make the files in `folder`."""
    options = Options(rows=4000, seed=9, faults=1)
    write(folder, options)
    return Delivery(
        pack=PACK,
        dataset="trial-balance",
        title="Adjusted trial balance",
        parameters={"fiscal_year": options.fiscal_year, "period": options.period},
        files={name: folder / file for name, file in FILES.items()},
    )
