"""Categorizes messages, apart for each partition if so wanted."""

from __future__ import annotations

from collections.abc import Mapping

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
from sidecar.engine.categorization.partitions import Partitions, StatusChange
from sidecar.engine.categorization.stats import CategorizerStats
from sidecar.engine.columns import AnyArray, under, within
from sidecar.engine.record_frame import TextColumn
from sidecar.schema.categorization_analyzer import CategorizationAnalyzer

# Forms that are remembered; then all are forgotten at once, so that which are known depends on
# the messages alone.
_MOST_FORMS = 1 << 17


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
        self._partitions = Partitions()
        self._has_failed_forms = False

    def __len__(self) -> int:
        return len(self._categories)

    @property
    def failures(self) -> int:
        """Messages that got no category for lack of memory."""
        return self._partitions.failures

    def set_stop_on_warn(self, stop: bool) -> None:
        """Change what happens to partitions whose status is or becomes warn."""
        self._stop_on_warn = stop

    # --- messages -----------------------------------------------------------------------------

    def categorize(
        self, texts: TextColumn, partitions: CodeArray | None, new_bytes: int
    ) -> CodeArray:
        """Categories of n messages.

        Parameters
        ----------
        texts : TextColumn
        partitions : (n,) int32 or None
            Code of each message's partition, -1 where it has none; None to keep all together.
        new_bytes : int
            How much larger the categorizer may become (the last new category may exceed it);
            messages that are of no known category then fail.

        Returns
        -------
        (n,) int32; -1 where there is none: no text, failed, or in a stopped partition.
        """
        data = np.require(texts.data, np.uint8, ("C", "W"))
        start = np.require(texts.start, np.int64, ("C", "W"))
        end = np.require(texts.end, np.int64, ("C", "W"))
        rows = np.zeros(len(start), np.int64) if partitions is None else partitions + np.int64(1)
        self._partitions.reach(int(rows.max(initial=-1)) + 1)
        if new_bytes > 0 and self._has_failed_forms:
            self._forget_forms()
        forms = self._analyzer.form_hashes(data, start, end)
        out = np.empty(len(start), np.int32)
        most_bytes = self.nbytes() + new_bytes
        i = 0
        while True:
            i, reason = self._assign(i, data, start, end, rows, forms, out)
            if reason == ALL_DONE:
                return out
            message = data[start[i] : end[i]]
            row = int(rows[i])
            if reason & NEW_FORM:
                self._learn(message.tobytes(), row, int(form_key(forms[i], row)), most_bytes)
                continue
            if reason & NEW_EXAMPLE:
                self._keep_example(int(out[i]), message)
            if reason & CHECK_DUE:
                self._partitions.check(row, self._categories.columns)
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
        of_row, of_category = self._partitions.columns, self._categories.columns
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

    def _learn(self, message: bytes, row: int, key: int, most_bytes: int) -> None:
        """Find or make the category of a form that is not known."""
        if self._forms.size >= _MOST_FORMS:
            self._forget_forms()
        tokens = self._analyzer.tokens(message)
        category = self._categories.match(row, tokens)
        if category != NONE:
            self._forms.add(key, category)
            for dead in self._categories.absorb(category, tokens):
                self._forms.replace(dead, category)
        elif self.nbytes() < most_bytes:
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

    def take_status_changes(self) -> list[StatusChange]:
        """Partitions whose status changed since this was asked last."""
        return self._partitions.take_changes()

    def stats(self) -> CategorizerStats:
        """Of all partitions together; the status is warn if that of any is."""
        return self._partitions.stats(self._categories.columns)

    def stats_by_partition(self) -> dict[int, CategorizerStats]:
        """By partition code, of partitions that have messages."""
        return self._partitions.stats_by_partition(self._categories.columns)

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
        return self._categories.nbytes() + tables + self._partitions.columns.nbytes()

    def save(self) -> dict[str, AnyArray]:
        """Named arrays."""
        return {
            **under("categories", self._categories.save()),
            **under("forms", self._forms.save()),
            **under("examples", self._known_examples.save()),
            **under("rows", self._partitions.columns.save()),
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        self._categories.load(within(arrays, "categories"))
        self._forms.load(within(arrays, "forms"))
        self._known_examples.load(within(arrays, "examples"))
        self._partitions.load(within(arrays, "rows"))
        self._has_failed_forms = bool((self._forms.values == FAILED).any())
