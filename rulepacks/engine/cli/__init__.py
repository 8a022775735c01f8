"""Commands of the terminal: one module each, found by walking this folder; the module's name is the command.

A module has `HELP`, `add_arguments(parser)` and `main(arguments) -> int` (the exit code: 0 clean, 1 findings of error
or above, 2 bad pack or bad input).
"""
