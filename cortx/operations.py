"""How each operation of the API appears in the OpenAPI document. Imported by the framework's settings, so by itself."""

import re

from drf_spectacular.openapi import AutoSchema

CANONICAL = "/api/v1/"
COMPATIBLE = "compatibility"


class Operations(AutoSchema):
    """Names operations after view and method, and groups them by the thing they are about."""

    def get_operation_id(self) -> str:
        """E.g. `get_record_list`, `compatible_post_record_process`."""
        view = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self.view).__name__).lower()
        mount = "" if self.path.startswith(CANONICAL) else "compatible_"
        return f"{mount}{self.method.lower()}_{view}"

    def get_tags(self) -> list[str]:
        """`/api/v1/runs/…` is about runs; the sources' own paths are together."""
        return [self.path.removeprefix(CANONICAL).split("/")[0]] if self.path.startswith(CANONICAL) else [COMPATIBLE]
