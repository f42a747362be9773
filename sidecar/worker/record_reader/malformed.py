"""The error of an upload that is no JSON."""

from __future__ import annotations

from sidecar.errors import ParseError
from sidecar.schema.data_counts import DataCounts


class MalformedInput(ParseError):  # noqa: N818 - it names what the caller sent
    """Too much of an upload is malformed; what was good before is kept.

    Parameters
    ----------
    first, last : int
        Offsets in the body of the first and the last error.
    counts : DataCounts
        The increments of the part that is kept.
    """

    def __init__(self, first: int, last: int, counts: DataCounts) -> None:
        super().__init__(
            f"The input JSON data is malformed. The first error is at byte {first}, "
            f"the last at byte {last}."
        )
        self.counts = counts
