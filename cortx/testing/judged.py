"""Fixture: a judged delivery, made in the room of the records and wanted on the top floor too."""

from records.tests.judged import judged

__all__ = ["judged"]
