"""How well the messages of each partition fall into categories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sidecar.engine.arrays import BoolArray, IntArray
from sidecar.engine.categorization.categories import NONE
from sidecar.engine.categorization.stats import (
    LEAST_MESSAGES,
    CategorizerStats,
    is_frequent,
    is_suspect,
)
from sidecar.engine.columns import AnyArray, Columns

# A partition is looked at again when it has this part (one in so many) more messages.
_CHECK_GROWTH = 20


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The status of a partition (code; -1 for none) became ok or warn after so many messages."""

    partition: int
    status: str
    messages: int


class Partitions:
    """Counts and status by row: the partition's code + 1, 0 for messages without partition.

    Attributes
    ----------
    columns : Columns
        `messages` that got a category, their number at which to `check_at`, `failed` messages,
        whether the status is warn (`suspect`), and the number of messages at a change of status
        that was not told yet (`changed_at`).
    """

    def __init__(self) -> None:
        self.columns = Columns(
            messages=np.int64(0),
            check_at=np.int64(LEAST_MESSAGES + 1),
            failed=np.int64(0),
            suspect=np.bool_(False),
            changed_at=np.int64(0),
        )

    @property
    def failures(self) -> int:
        """Messages that got no category for lack of memory."""
        return int(self.columns.used("failed").sum())

    def reach(self, rows: int) -> None:
        """Have at least so many rows."""
        self.columns.resize(max(self.columns.size, rows))

    def check(self, row: int, categories: Columns) -> None:
        """Decide on the status of a partition, and when to do so next."""
        columns = self.columns
        messages = int(columns["messages"][row])
        mine = np.flatnonzero(categories.used("row") == row)
        total, frequent, rare, dead = (int(c[row]) for c in self._count(categories, mine))
        suspect = is_suspect(messages, total, frequent, rare, dead)
        if suspect != columns["suspect"][row]:
            columns["suspect"][row] = suspect
            columns["changed_at"][row] = messages
        columns["check_at"][row] = messages + max(1, messages // _CHECK_GROWTH)

    def take_changes(self) -> list[StatusChange]:
        """Changes of status since this was asked last."""
        changed_at = self.columns.used("changed_at")
        changes = [
            StatusChange(row - 1, self._status(row), int(changed_at[row]))
            for row in np.flatnonzero(changed_at).tolist()
        ]
        changed_at[:] = 0
        return changes

    def stats(self, categories: Columns) -> CategorizerStats:
        """Of all partitions together; the status is warn if that of any is."""
        columns = self.columns
        counts = self._count(categories, np.arange(categories.size))
        total, frequent, rare, dead = (int(count.sum()) for count in counts)
        return CategorizerStats(
            categorized_doc_count=int(columns.used("messages").sum()),
            total_category_count=total,
            frequent_category_count=frequent,
            rare_category_count=rare,
            dead_category_count=dead,
            failed_category_count=self.failures,
            categorization_status="warn" if columns.used("suspect").any() else "ok",
        )

    def stats_by_partition(self, categories: Columns) -> dict[int, CategorizerStats]:
        """By partition code, of partitions that have messages."""
        messages, failed = self.columns.used("messages"), self.columns.used("failed")
        total, frequent, rare, dead = self._count(categories, np.arange(categories.size))
        return {
            row - 1: CategorizerStats(
                categorized_doc_count=int(messages[row]),
                total_category_count=int(total[row]),
                frequent_category_count=int(frequent[row]),
                rare_category_count=int(rare[row]),
                dead_category_count=int(dead[row]),
                failed_category_count=int(failed[row]),
                categorization_status=self._status(row),
            )
            for row in np.flatnonzero((messages > 0) | (failed > 0)).tolist()
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved columns over."""
        self.columns.load(len(arrays.get("messages", ())), arrays)

    def _status(self, row: int) -> str:
        return "warn" if self.columns["suspect"][row] else "ok"

    def _count(
        self, categories: Columns, chosen: IntArray
    ) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """Numbers of all, frequent, rare and dead ones of the chosen categories, by row."""
        rows = categories.used("row")[chosen]
        matches = categories.used("matches")[chosen]

        def count(which: BoolArray) -> IntArray:
            return np.bincount(rows[which], minlength=self.columns.size)

        return (
            count(np.ones(len(chosen), np.bool_)),
            count(is_frequent(matches, self.columns["messages"][rows])),
            count(matches == 1),
            count(categories.used("dead_for")[chosen] != NONE),
        )
