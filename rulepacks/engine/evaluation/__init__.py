"""Rules over whole inputs: one statement per stage and family, inside DuckDB."""
