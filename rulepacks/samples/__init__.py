"""Data made up for demos, tests and benchmarks, with the findings it must give."""
