"""Every route there is, taken from the URL resolver, and the addresses to fill it with."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.urls import URLResolver, get_resolver
from django.utils.regex_helper import normalize

Place = Mapping[str, str]
"""What to put where. `batch_id` is for every parameter of that name, `datasets/name` for one behind `datasets/`."""

SHARED: Place = {
    "service": "database", "app_label": "records", "url": "records/batch/all", "key": "set-password", "uidb36": "1",
    "token": "0" * 128,
}  # fmt: skip
"""What is no tenant's."""


class NoAddress(LookupError):
    """A route has a parameter the walk does not know: it would be left out. Give it an address in `places`."""


@dataclass(frozen=True)
class Route:
    """A line of the map. `template` is its path with `%(parameter)s` for each parameter."""

    name: str
    template: str
    parameters: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        """Whether programs call it."""
        return self.name.startswith(("api-", "compatible-"))

    def values(self, place: Place) -> dict[str, str]:
        """The place's value for each parameter. Raises `NoAddress`."""
        return {parameter: self._value(parameter, place) for parameter in self.parameters}

    def path(self, place: Place) -> str:
        """The address of the route in that place."""
        return self.template % self.values(place)

    def _value(self, parameter: str, place: Place) -> str:
        before = self.template.partition(f"%({parameter})s")[0].strip("/").split("/")
        for length in (2, 1, 0):
            key = "/".join([*before[len(before) - length :], parameter])
            if key in place:
                return place[key]
        raise NoAddress(f"{self.template}: no address for {parameter}")


def routes() -> list[Route]:
    """All routes; of two that differ in the slash at their end only, as in the API, the one without."""
    found = {route.template: route for route in lines_of(get_resolver(), "/", "")}
    twice = {template for template in found if template.endswith("/") and template[:-1] in found}
    return [route for template, route in found.items() if template not in twice]


def lines_of(resolver: URLResolver, before: str, namespace: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        piece, _ = normalize(entry.pattern.regex.pattern)[0]
        template = before + piece
        if isinstance(entry, URLResolver):
            yield from lines_of(entry, template, f"{entry.namespace}:" if entry.namespace else namespace)
        else:
            yield Route(f"{namespace}{entry.name or ''}", template, parameters_of(template))


def parameters_of(template: str) -> tuple[str, ...]:
    return tuple(part.partition(")s")[0] for part in template.split("%(")[1:])
