"""The kernel that gives messages of known forms their categories, in order of arrival."""

from __future__ import annotations

import numpy as np

from sidecar.engine.arrays import BoolArray, ByteArray, CodeArray, HashArray, IntArray
from sidecar.engine.categorization.form_kernels import hash_bytes, mixed
from sidecar.engine.categorization.form_table import ABSENT, find
from sidecar.engine.kernel import kernel

# Value of a form that got no category for lack of memory.
FAILED = -2
# Why the kernel stopped at a message (flags): its form is new and it was not counted; or it was,
# and it may be an example, or it is time to look at its partition's categories.
ALL_DONE, NEW_FORM, NEW_EXAMPLE, CHECK_DUE = 0, 1, 2, 4

_COUNTED, _REDEFINED = 1, 2


@kernel
def assign(
    begin: int,
    data: ByteArray,
    start: IntArray,
    end: IntArray,
    rows: IntArray,
    forms: HashArray,
    form_keys: HashArray,
    form_values: CodeArray,
    example_keys: HashArray,
    example_values: CodeArray,
    most_examples: int,
    messages: IntArray,
    check_at: IntArray,
    failed: IntArray,
    stopped: BoolArray,
    matches: IntArray,
    longest: IntArray,
    examples: IntArray,
    changed: ByteArray,
    out: CodeArray,
) -> tuple[int, int]:
    """Categories of the messages from `begin` on, until one needs more than a look.

    Parameters
    ----------
    data, start, end
        Texts of n messages.
    rows : (n,) int64
        Row of each message's partition.
    forms : (n,) uint64
        Hash of each message's form.
    form_keys, form_values, example_keys, example_values
        Tables of known forms, and of examples by category.
    messages, check_at, failed, stopped : (rows,)
        Of each partition: categorized messages, their number at which to check, messages that
        failed, whether it is not categorized any more.
    matches, longest, examples, changed : (categories,)
    out : (n,) int32
        Gets categories; ABSENT where there is none.

    Returns
    -------
    (message, reason): where it stopped and why.
    """
    for i in range(begin, len(start)):
        row = rows[i]
        out[i] = ABSENT
        if start[i] == end[i] or stopped[row]:
            continue
        category = find(form_keys, form_values, mixed(forms[i], row))
        if category == ABSENT:
            return i, NEW_FORM
        if category == FAILED:
            failed[row] += 1
            continue
        out[i] = category
        matches[category] += 1
        messages[row] += 1
        changed[category] = max(changed[category], np.uint8(_COUNTED))
        length = end[i] - start[i]
        if length > longest[category]:
            longest[category] = length
            changed[category] = np.uint8(_REDEFINED)
        reason = ALL_DONE
        if examples[category] < most_examples:
            key = mixed(hash_bytes(data, start[i], end[i]), category)
            if find(example_keys, example_values, key) == ABSENT:
                reason |= NEW_EXAMPLE
        if messages[row] == check_at[row]:
            reason |= CHECK_DUE
        if reason:
            return i, reason
    return len(start), ALL_DONE


@kernel
def example_key(data: ByteArray, begin: int, end: int, category: int) -> np.uint64:
    """Key of a message in the table of examples."""
    return mixed(hash_bytes(data, begin, end), category)


@kernel
def form_key(form: np.uint64, row: int) -> np.uint64:
    """Key of a form in the table of forms."""
    return mixed(form, row)
