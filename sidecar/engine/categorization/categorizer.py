"""Categorizes messages, apart for each partition if so wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sidecar.engine.arrays import CodeArray, HashArray, IntArray
from sidecar.engine.categorization.assign_kernel import (
    ALL_DONE,
    CHECK_DUE,
    FAILED,
    NEW_EXAMPLE,
    NEW_FORM,
    assign,
    example_key,
    form_key,
)
from sidecar.engine.categorization.categories import (
    NONE,
    REDEFINED,
    UNCHANGED,
    Categories,
)
from sidecar.engine.categorization.definition import CategoryDefinition
from sidecar.engine.categorization.form_kernels import MASK
from sidecar.engine.categorization.form_table import FormTable
from sidecar.engine.categorization.message_analyzer import MessageAnalyzer
from sidecar.engine.categorization.stats import (
    LEAST_MESSAGES,
    CategorizerStats,
    count_categories,
    is_suspect,
)
from sidecar.engine.columns import AnyArray, Columns, under, within
from sidecar.engine.record_frame import TextColumn
from sidecar.schema.categorization_analyzer import CategorizationAnalyzer

# Forms that are remembered; then all are forgotten at once, so that which are known depends on
# the messages alone.
_MOST_FORMS = 1 << 17
# A partition is looked at again when it has this many times more messages.
_CHECK_GROWTH = 20


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The status of a partition (code; -1 for none) became ok or warn after so many messages."""

    partition: int
    status: str
    messages: int


class Categorizer:
    """Gives every message the number of a category (its id less 1).

    The result depends on the messages and their order only: neither on how they are cut into
    columns nor on save and load in between (as long as memory does not run out).

    Parameters
    ----------
    analyzer : CategorizationAnalyzer
    most_examples : int
        Examples kept of each category.
    stop_on_warn : bool
        Partitions whose status becomes warn are not categorized any more.
    """

    def __init__(
        self, analyzer: CategorizationAnalyzer, most_examples: int, *, stop_on_warn: bool = False
    ) -> None:
        self._analyzer = MessageAnalyzer(analyzer)
        self._most_examples = most_examples
        self._stop_on_warn = stop_on_warn
        self._categories = Categories(chr(MASK) if self._analyzer.masks else "")
        self._forms = FormTable()
        self._known_examples = FormTable()
        self._rows = Columns(
            messages=np.int64(0),
            check_at=np.int64(LEAST_MESSAGES + 1),
            failed=np.int64(0),
            suspect=np.bool_(False),
            changed_at=np.int64(0),
        )
        self._has_failed_forms = False

    def __len__(self) -> int:
        return len(self._categories)

    @property
    def failures(self) -> int:
        """Messages that got no category for lack of memory."""
        return int(self._rows.used("failed").sum())

    def set_stop_on_warn(self, stop: bool) -> None:
        """Change what happens to partitions whose status is or becomes warn."""
        self._stop_on_warn = stop

    # --- messages -----------------------------------------------------------------------------

    def categorize(
        self, texts: TextColumn, partitions: CodeArray | None, new_categories: int
    ) -> CodeArray:
        """Categories of n messages.

        Parameters
        ----------
        texts : TextColumn
        partitions : (n,) int32 or None
            Code of each message's partition, -1 where it has none; None to keep all together.
        new_categories : int
            How many new categories there may be; messages of further ones fail.

        Returns
        -------
        (n,) int32; -1 where there is none: no text, failed, or in a stopped partition.
        """
        data = np.require(texts.data, np.uint8, ("C", "W"))
        start = np.require(texts.start, np.int64, ("C", "W"))
        end = np.require(texts.end, np.int64, ("C", "W"))
        rows = np.zeros(len(start), np.int64) if partitions is None else partitions + np.int64(1)
        self._rows.resize(max(self._rows.size, int(rows.max(initial=-1)) + 1))
        if new_categories > 0 and self._has_failed_forms:
            self._forget_forms()
        forms = self._analyzer.form_hashes(data, start, end)
        out = np.empty(len(start), np.int32)
        most = len(self) + new_categories
        i = 0
        while True:
            i, reason = self._assign(i, data, start, end, rows, forms, out)
            if reason == ALL_DONE:
                return out
            message = data[start[i] : end[i]]
            row = int(rows[i])
            if reason & NEW_FORM:
                self._learn(message.tobytes(), row, int(form_key(forms[i], row)), most)
                continue
            if reason & NEW_EXAMPLE:
                self._keep_example(int(out[i]), message)
            if reason & CHECK_DUE:
                self._check(row)
            i += 1

    def _assign(
        self,
        begin: int,
        data: AnyArray,
        start: IntArray,
        end: IntArray,
        rows: IntArray,
        forms: HashArray,
        out: CodeArray,
    ) -> tuple[int, int]:
        of_row, of_category = self._rows, self._categories.columns
        suspect = of_row["suspect"]
        return assign(
            begin,
            data,
            start,
            end,
            rows,
            forms,
            self._forms.keys,
            self._forms.values,
            self._known_examples.keys,
            self._known_examples.values,
            self._most_examples,
            of_row["messages"],
            of_row["check_at"],
            of_row["failed"],
            suspect if self._stop_on_warn else np.zeros_like(suspect),
            of_category["matches"],
            of_category["longest"],
            of_category["examples"],
            of_category["changed"],
            out,
        )

    def _learn(self, message: bytes, row: int, key: int, most: int) -> None:
        """Find or make the category of a form that is not known."""
        if self._forms.size >= _MOST_FORMS:
            self._forget_forms()
        tokens = self._analyzer.tokens(message)
        category = self._categories.match(row, tokens)
        if category != NONE:
            self._forms.add(key, category)
            for dead in self._categories.absorb(category, tokens):
                self._forms.replace(dead, category)
        elif len(self) < most:
            self._forms.add(key, self._categories.create(row, tokens))
        else:
            self._forms.add(key, FAILED)
            self._has_failed_forms = True

    def _forget_forms(self) -> None:
        self._forms.clear()
        self._has_failed_forms = False

    def _keep_example(self, category: int, message: AnyArray) -> None:
        if self._categories.examples.add(category, message.tobytes()):
            self._categories.columns["examples"][category] += 1
            self._categories.columns["changed"][category] = REDEFINED
            key = example_key(message, 0, len(message), category)
            self._known_examples.add(int(key), category)

    # --- status -------------------------------------------------------------------------------

    def _check(self, row: int) -> None:
        messages = int(self._rows["messages"][row])
        mine = self._categories.columns.used("row") == row
        total, frequent, rare, dead = self._count(mine)
        suspect = is_suspect(messages, total, frequent, rare, dead)
        if suspect != self._rows["suspect"][row]:
            self._rows["suspect"][row] = suspect
            self._rows["changed_at"][row] = messages
        self._rows["check_at"][row] = messages + max(1, messages // _CHECK_GROWTH)

    def _count(self, chosen: AnyArray) -> tuple[int, int, int, int]:
        columns = self._categories.columns
        rows = columns.used("row")[chosen]
        return count_categories(
            columns.used("matches")[chosen],
            self._rows["messages"][rows],
            columns.used("dead_for")[chosen] != NONE,
        )

    def take_status_changes(self) -> list[StatusChange]:
        """Partitions whose status changed since this was asked last."""
        changed_at = self._rows.used("changed_at")
        changes = [
            StatusChange(row - 1, self._status(row), int(changed_at[row]))
            for row in np.flatnonzero(changed_at).tolist()
        ]
        changed_at[:] = 0
        return changes

    def _status(self, row: int) -> str:
        return "warn" if self._rows["suspect"][row] else "ok"

    def stats(self) -> CategorizerStats:
        """Of all partitions together; the status is warn if that of any is."""
        rows = self._rows
        total, frequent, rare, dead = self._count(np.ones(len(self), np.bool_))
        return CategorizerStats(
            categorized_doc_count=int(rows.used("messages").sum()),
            total_category_count=total,
            frequent_category_count=frequent,
            rare_category_count=rare,
            dead_category_count=dead,
            failed_category_count=self.failures,
            categorization_status="warn" if rows.used("suspect").any() else "ok",
        )

    def stats_by_partition(self) -> dict[int, CategorizerStats]:
        """By partition code, of partitions that have messages."""
        rows = self._rows
        of_category = self._categories.columns.used("row")
        seen = np.flatnonzero((rows.used("messages") > 0) | (rows.used("failed") > 0)).tolist()
        found = {}
        for row in seen:
            total, frequent, rare, dead = self._count(of_category == row)
            found[row - 1] = CategorizerStats(
                categorized_doc_count=int(rows["messages"][row]),
                total_category_count=total,
                frequent_category_count=frequent,
                rare_category_count=rare,
                dead_category_count=dead,
                failed_category_count=int(rows["failed"][row]),
                categorization_status=self._status(row),
            )
        return found

    # --- results and state --------------------------------------------------------------------

    def take_changed(self, at_least: int) -> list[CategoryDefinition]:
        """Categories that changed since they were taken last.

        `at_least` is `COUNTED` (more messages) or `REDEFINED` (anything else).
        """
        changed = self._categories.columns.used("changed")
        chosen = np.flatnonzero(changed >= at_least)
        changed[chosen] = UNCHANGED
        return [self._categories.definition(category) for category in chosen.tolist()]

    def nbytes(self) -> int:
        """Estimated memory in bytes."""
        tables = self._forms.nbytes() + self._known_examples.nbytes()
        return self._categories.nbytes() + tables + self._rows.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays."""
        return {
            **under("categories", self._categories.save()),
            **under("forms", self._forms.save()),
            **under("examples", self._known_examples.save()),
            **under("rows", self._rows.save()),
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        self._categories.load(within(arrays, "categories"))
        self._forms.load(within(arrays, "forms"))
        self._known_examples.load(within(arrays, "examples"))
        rows = within(arrays, "rows")
        self._rows.load(len(rows.get("messages", ())), rows)
        self._has_failed_forms = bool((self._forms.values == FAILED).any())
