"""How similar ordered lists of weighted tokens are."""

from __future__ import annotations

from sidecar.engine.arrays import BoolArray, CodeArray, IntArray
from sidecar.engine.kernel import kernel

# Two messages are of one category when the tokens they share, in the same order, have at least
# this part (NUMERATOR / DENOMINATOR) of the weight of the heavier one.
NUMERATOR = 7
DENOMINATOR = 10


@kernel
def common_weight(
    tokens: CodeArray,
    weights: CodeArray,
    pool: CodeArray,
    begin: int,
    end: int,
    line: IntArray,
) -> int:
    """Weight of the heaviest common subsequence of `tokens` and `pool[begin:end]`.

    `line` is scratch with room for end - begin + 1.
    """
    width = end - begin
    for j in range(width + 1):
        line[j] = 0
    for i in range(len(tokens)):
        diagonal = line[0]
        for j in range(width):
            above = line[j + 1]
            best = max(above, line[j])
            if tokens[i] == pool[begin + j]:
                best = max(best, diagonal + weights[i])
            line[j + 1] = best
            diagonal = above
    return int(line[width])


@kernel
def best_match(
    tokens: CodeArray,
    weights: CodeArray,
    candidates: IntArray,
    first: IntArray,
    last: IntArray,
    total: IntArray,
    matches: IntArray,
    pool: CodeArray,
    line: IntArray,
) -> int:
    """The most similar of the candidates (ascending); -1 if none is similar enough.

    Of equally similar ones the one with more matches, then the older one.

    Parameters
    ----------
    tokens, weights : (m,) int32
        Of the message.
    first, last, total, matches : (categories,) int64
        Limits in `pool` of each category's tokens, what it weighs, its number of messages.
    """
    message_weight = 0
    for weight in weights:
        message_weight += weight
    best, best_common, best_heavier = -1, 0, 1
    for category in candidates:
        heavier = max(message_weight, total[category])
        common = common_weight(tokens, weights, pool, first[category], last[category], line)
        if common * DENOMINATOR < heavier * NUMERATOR:
            continue
        more = common * best_heavier - best_common * heavier
        if best < 0 or more > 0 or (more == 0 and matches[category] > matches[best]):
            best, best_common, best_heavier = category, common, heavier
    return best


@kernel
def keep_common(
    tokens: CodeArray,
    pool: CodeArray,
    weight: CodeArray,
    shared: BoolArray,
    chain: BoolArray,
    begin: int,
    end: int,
    square: IntArray,
) -> bool:
    """Keep of a category's tokens [begin, end) what a further message has too.

    Parameters
    ----------
    tokens : (m,) int32
        Of the message.
    shared, chain : (pool,) bool
        Tokens that all messages have, and those they have in this order (written).
    square : at least (end - begin + 1) * (m + 1) int64
        Scratch.

    Returns
    -------
    Whether anything changed.
    """
    columns = len(tokens) + 1
    for j in range(columns):
        square[j] = 0
    for i in range(begin, end):
        row = (i - begin + 1) * columns
        square[row] = 0
        for j in range(1, columns):
            best = max(square[row - columns + j], square[row + j - 1])
            if chain[i] and pool[i] == tokens[j - 1]:
                best = max(best, square[row - columns + j - 1] + weight[i])
            square[row + j] = best
    changed = False
    i, j = end - 1, columns - 1
    while i >= begin:
        row = (i - begin + 1) * columns
        above = square[row - columns + j]
        if j > 0 and square[row + j] == square[row + j - 1] and square[row + j] != above:
            j -= 1
        elif square[row + j] == above:
            changed |= chain[i]
            chain[i] = False
            i -= 1
        else:
            i -= 1
            j -= 1
    for k in range(begin, end):
        if shared[k]:
            found = False
            for token in tokens:
                found |= token == pool[k]
            if not found:
                shared[k] = False
                changed = True
    return changed
