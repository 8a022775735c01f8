"""Pages show no link and no button to those who may not use it."""

import pytest

from cortx.tests.matrix import table
from cortx.tests.matrix.callers import Crowd, path_of
from records.tests.judged import Judged
from tenants.tests.cast import Cast


@pytest.mark.parametrize("page", ["overview", "batches", "batch", "findings"])
def test_no_page_offers_what_its_reader_may_not_do(cast: Cast, judged: Judged, page: str) -> None:
    def address(name: str) -> str:
        return path_of(name, cast.tenant.slug).replace("B-7", judged.batch.label)

    offered = []
    for caller in Crowd.of(cast).members:
        text = caller.client.get(address(page)).content.decode()
        shut = [name for name, methods in table.PAGES.items() if not caller.allowed.intersection(methods.values())]
        offered += [f"{caller.name}: {name}" for name in shut if f'"{address(name)}"' in text]
    assert offered == []
