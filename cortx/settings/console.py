"""The admin's look."""

UNFOLD: dict[str, object] = {"SITE_TITLE": "CORTX", "SITE_HEADER": "CORTX"}
