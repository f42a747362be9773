"""Query parameters that nothing reads are refused, with a guess at what was meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sidecar import messages
from sidecar.errors import IllegalArgumentError
from sidecar.xcontent.object_parser import did_you_mean


def refuse_unknown(path: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise IllegalArgumentError when a parameter is not among the known ones."""
    unknown = sorted(set(given) - set(known))
    if not unknown:
        return
    guesses = {name: did_you_mean(name, sorted(known)) for name in unknown}
    raise IllegalArgumentError(messages.unrecognized_parameters(path, guesses))
