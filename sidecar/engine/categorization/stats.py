"""How well messages fall into categories."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.engine.arrays import BoolArray, IntArray

# Fewer messages say nothing yet.
LEAST_MESSAGES = 100
_MOST_CATEGORIES = 0.5
_MOST_RARE = 0.9
_MOST_DEAD = 0.5
# A frequent category has more than one message in so many.
_FREQUENT = 100


@dataclass(frozen=True, slots=True)
class CategorizerStats:
    """Counts of messages and categories; `categorization_status` is ok or warn.

    frequent: more than 1 % of the messages; rare: one message; dead: no messages any more since
    another category took them over; failed: messages that would have made a category, had there
    been memory.
    """

    categorized_doc_count: int = 0
    total_category_count: int = 0
    frequent_category_count: int = 0
    rare_category_count: int = 0
    dead_category_count: int = 0
    failed_category_count: int = 0
    categorization_status: str = "ok"


def is_frequent(matches: IntArray, messages: IntArray) -> BoolArray:
    """Whether categories are frequent: their messages, and those of their whole partition."""
    frequent: BoolArray = matches * _FREQUENT > messages
    return frequent


def is_suspect(messages: int, total: int, frequent: int, rare: int, dead: int) -> bool:
    """Whether the messages look like something that is not made from templates."""
    if messages <= LEAST_MESSAGES:
        return False
    return (
        total <= 1
        or frequent == 0
        or rare > _MOST_RARE * total
        or total > _MOST_CATEGORIES * messages
        or dead > _MOST_DEAD * total
    )
