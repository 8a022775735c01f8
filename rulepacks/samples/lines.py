"""Cut a made trial balance to lines of fifteen fields, for benchmarks.

python -m rulepacks.samples.lines --rows 1000000 --out FOLDER
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import duckdb

from rulepacks.samples.trial_balance import Options, write

FILE = "lines.csv"
CUT = """
COPY (
    SELECT concat_ws('-', ata, aid, CASE WHEN bpoa IS NULL THEN availability_type ELSE bpoa || '/' || epoa END,
                     main_account, sub_account) AS symbol,
           fiscal_year, period, format('D{{:07d}}', (place // 500)) AS document, place % 500 + 1 AS line,
           ussgl_account AS account, amount, debit_credit, begin_end, fed_nonfed, trading_partner_agency,
           apportionment_category, reimbursable_flag, bea_category, budget_object_class AS object_class
    FROM (SELECT *, row_number() OVER () - 1 AS place FROM read_csv('{given}', all_varchar = true, header = true))
) TO '{wanted}' (HEADER)
"""


def deliver(folder: Path, rows: int) -> Path:
    """Make the file; what it is made of is removed."""
    write(folder, Options(rows=rows))
    given, wanted = folder / "trial_balance.csv", folder / FILE
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(CUT.format(given=given, wanted=wanted))
    for file in folder.iterdir():
        if file != wanted:
            file.unlink()
    return wanted


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m rulepacks.samples.lines", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, required=True, help="about how many rows")
    parser.add_argument("--out", type=Path, required=True, help="folder for the file")
    given = parser.parse_args(arguments)
    deliver(given.out, given.rows)


if __name__ == "__main__":
    main()
