"""All categories of a job: their tokens, and which category a new message belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from sidecar.engine.arrays import CodeArray, IntArray
from sidecar.engine.categorization.definition import (
    CategoryDefinition,
    max_matching_length,
    regex_of,
    terms_of,
)
from sidecar.engine.categorization.examples import Examples
from sidecar.engine.categorization.similarity import (
    DENOMINATOR,
    NUMERATOR,
    best_match,
    common_weight,
    keep_common,
)
from sidecar.engine.categorization.weights import token_weight
from sidecar.engine.columns import AnyArray, Columns, under, within
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.names_state import load_names, save_names

NONE = -1
# How a category differs from what was last written of it.
UNCHANGED, COUNTED, REDEFINED = 0, 1, 2
# Further tokens of a message do not count.
MOST_TOKENS = 200
# Tokens that vary do not count, but a category never weighs less than this part of its first
# message (one in so many): else it would become like anything.
_LEAST_PART = 2
# Bytes of one entry of the index.
_POSTING_BYTES = 100


class Categories:
    """Categories of all partitions; a category's number is its id less 1.

    Attributes
    ----------
    columns : Columns
        `row` (partition code + 1), `matches`, `longest` message in bytes, number of `examples`,
        `changed`, `dead_for` (the category that took over; NONE while alive), `first` and `last`
        (tokens in the pool), `total` (weight of those that do not vary, but at least half of all).
    """

    def __init__(self, mask: str) -> None:
        self._mask = mask
        self.columns = Columns(
            row=np.int64(0),
            matches=np.int64(0),
            longest=np.int64(0),
            examples=np.int64(0),
            changed=np.uint8(UNCHANGED),
            dead_for=np.int64(NONE),
            first=np.int64(0),
            last=np.int64(0),
            total=np.int64(0),
        )
        self.examples = Examples()
        self._pool = Columns(
            token=np.int32(0), weight=np.int32(0), shared=np.bool_(True), chain=np.bool_(True)
        )
        self._words = FieldDictionary()
        # By row and token: the live categories that have it, ascending.
        self._index: dict[tuple[int, int], list[int]] = {}
        self._without_tokens: dict[int, int] = {}
        self._line = np.empty(MOST_TOKENS + 1, np.int64)
        self._square = np.empty((MOST_TOKENS + 1) ** 2, np.int64)

    def __len__(self) -> int:
        return self.columns.size

    # --- messages -----------------------------------------------------------------------------

    def match(self, row: int, tokens: Sequence[str]) -> int:
        """The category that is most similar; NONE if none is similar enough."""
        tokens = tokens[:MOST_TOKENS]
        if not tokens:
            return self._without_tokens.get(row, NONE)
        codes, weights = self._codes(tokens), _weights(tokens)
        candidates = self._candidates(row, codes, weights)
        if not len(candidates):
            return NONE
        columns = self.columns
        return best_match(
            codes,
            weights,
            candidates,
            columns["first"],
            columns["last"],
            columns["total"],
            columns["matches"],
            self._pool["token"],
            self._line,
        )

    def create(self, row: int, tokens: Sequence[str]) -> int:
        """A new category, with this message as its base; it has no matches yet."""
        tokens = tokens[:MOST_TOKENS]
        category, first = self.columns.size, self._pool.size
        self._pool.resize(first + len(tokens))
        weights = _weights(tokens)
        self._pool.used("token")[first:] = [self._words.code(token) for token in tokens]
        self._pool.used("weight")[first:] = weights
        self.columns.resize(category + 1)
        columns = self.columns
        columns["row"][category] = row
        columns["first"][category] = first
        columns["last"][category] = first + len(tokens)
        columns["total"][category] = weights.sum()
        columns["changed"][category] = REDEFINED
        self.examples.add_category()
        self._enter(category)
        return category

    def absorb(self, category: int, tokens: Sequence[str]) -> list[int]:
        """Learn what a further message of a category has in common with the others.

        Returns
        -------
        Categories that are dead now, because all their messages belong to this one.
        """
        codes = self._codes(tokens[:MOST_TOKENS])
        pool = self._pool
        changed = keep_common(
            codes,
            pool["token"],
            pool["weight"],
            pool["shared"],
            pool["chain"],
            self.columns["first"][category],
            self.columns["last"][category],
            self._square,
        )
        if not changed:
            return []
        self.columns["changed"][category] = REDEFINED
        mine = self._place(category)
        weight, chain = pool["weight"][mine], pool["chain"][mine]
        least = -(-int(weight.sum()) // _LEAST_PART)
        self.columns["total"][category] = max(least, int(weight[chain].sum()))
        taken = self._superseded(category)
        for other in taken:
            self._leave(other)
            dead_for = self.columns.used("dead_for")
            dead_for[dead_for == other] = category
            dead_for[other] = category
        return taken

    def _codes(self, tokens: Sequence[str]) -> CodeArray:
        """Token numbers; words of no category have negative ones."""
        found = [self._words.find(token) for token in tokens]
        return np.array([-1 if code is None else code for code in found], np.int32)

    def _candidates(self, row: int, codes: CodeArray, weights: CodeArray) -> IntArray:
        """Categories that share a token of a set of rare ones.

        The set is so heavy that what is similar enough must share one of its tokens.
        """
        by_token: dict[int, int] = {}
        for code, weight in zip(codes.tolist(), weights.tolist(), strict=True):
            by_token[code] = by_token.get(code, 0) + weight
        index = self._index
        postings = sorted(
            (len(index.get((row, code), ())), code, weight) for code, weight in by_token.items()
        )
        enough = int(weights.sum()) * (DENOMINATOR - NUMERATOR)
        found: set[int] = set()
        taken = 0
        for _, code, weight in postings:
            found.update(index.get((row, code), ()))
            taken += weight * DENOMINATOR
            if taken > enough:
                break
        return np.array(sorted(found), np.int64)

    def _superseded(self, category: int) -> list[int]:
        """Less frequent categories whose messages are all like this one's."""
        columns, pool = self.columns, self._pool
        mine = self._place(category)
        tokens, weights = pool["token"][mine], pool["weight"][mine]
        chain = tokens[pool["chain"][mine]].tolist()
        if not chain:
            return []
        row = int(columns["row"][category])
        postings = [self._index.get((row, token), []) for token in set(chain)]
        found = []
        for other in min(postings, key=len):
            if other == category or columns["matches"][other] >= columns["matches"][category]:
                continue
            first, last = int(columns["first"][other]), int(columns["last"][other])
            rest = iter(pool["token"][first:last].tolist())
            if not all(token in rest for token in chain):
                continue
            common = common_weight(tokens, weights, pool["token"], first, last, self._line)
            heavier = max(int(pool["weight"][first:last].sum()), int(columns["total"][category]))
            if common * DENOMINATOR >= heavier * NUMERATOR:
                found.append(other)
        return found

    def _enter(self, category: int) -> None:
        row = int(self.columns["row"][category])
        tokens = self._tokens(category)
        if not len(tokens):
            self._without_tokens[row] = category
        for token in np.unique(tokens).tolist():
            self._index.setdefault((row, token), []).append(category)

    def _leave(self, category: int) -> None:
        row = int(self.columns["row"][category])
        for token in np.unique(self._tokens(category)).tolist():
            self._index[row, token].remove(category)

    def _place(self, category: int) -> slice:
        """Where the tokens of a category are in the pool."""
        return slice(int(self.columns["first"][category]), int(self.columns["last"][category]))

    def _tokens(self, category: int) -> CodeArray:
        tokens: CodeArray = self._pool["token"][self._place(category)]
        return tokens

    # --- results and state --------------------------------------------------------------------

    def definition(self, category: int) -> CategoryDefinition:
        """What users see of a category."""
        columns = self.columns
        mine = self._place(category)
        tokens = [self._words.name(token) for token in self._pool["token"][mine].tolist()]
        shared, chain = self._pool["shared"][mine].tolist(), self._pool["chain"][mine].tolist()
        return CategoryDefinition(
            category_id=category + 1,
            partition=int(columns["row"][category]) - 1,
            terms=terms_of((t for t, keep in zip(tokens, shared, strict=True) if keep), self._mask),
            regex=regex_of((t for t, keep in zip(tokens, chain, strict=True) if keep), self._mask),
            max_matching_length=max_matching_length(int(columns["longest"][category])),
            examples=self.examples.of(category),
            num_matches=int(columns["matches"][category]),
            preferred_to_categories=tuple(
                (np.flatnonzero(columns.used("dead_for") == category) + 1).tolist()
            ),
        )

    def nbytes(self) -> int:
        """Estimated memory in bytes."""
        return (
            self.columns.nbytes()
            + self._pool.nbytes()
            + self._pool.size * _POSTING_BYTES
            + self._words.nbytes()
            + self.examples.nbytes()
        )

    def save(self) -> dict[str, AnyArray]:
        """Named arrays."""
        return {
            **under("category", self.columns.save()),
            **under("token", self._pool.save()),
            **under("words", save_names(self._words)),
            **under("examples", self.examples.save()),
        }

    def load(self, arrays: Mapping[str, AnyArray]) -> None:
        """Take saved arrays over."""
        columns, pool = within(arrays, "category"), within(arrays, "token")
        self.columns.load(len(columns.get("row", ())), columns)
        self._pool.load(len(pool.get("token", ())), pool)
        self._words = load_names(within(arrays, "words"))
        self.examples.load(within(arrays, "examples"), len(self))
        self._index, self._without_tokens = {}, {}
        for category in np.flatnonzero(self.columns.used("dead_for") == NONE).tolist():
            self._enter(category)


def _weights(tokens: Sequence[str]) -> CodeArray:
    return np.array([token_weight(token) for token in tokens], np.int32)
