"""The record reader: bytes of uploads to record frames and data counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from sidecar.engine.arrays import CodeArray, FloatArray, HashArray, IntArray
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.record_frame import FieldNeeds, RecordFrame
from sidecar.schema.data_counts import DataCounts
from sidecar.worker.record_reader import record_order
from sidecar.worker.record_reader.body_buffer import BodyBuffer
from sidecar.worker.record_reader.body_scan import (
    BASE,
    ERRORS,
    FIELDS,
    FIRST_ERROR,
    LAST_ERROR,
    MAX_ERRORS,
    MISSING,
    MUST_NORMALISE,
    OBJECTS,
    normalise,
    scan_body,
    scan_state,
)
from sidecar.worker.record_reader.bytes_classes import ByteArray
from sidecar.worker.record_reader.code_table import CodeTable
from sidecar.worker.record_reader.field_names import field_names
from sidecar.worker.record_reader.malformed import MalformedInput
from sidecar.worker.record_reader.number_text import hard_number, parse_numbers
from sidecar.worker.record_reader.point_column import point_column
from sidecar.worker.record_reader.record_order import NEVER
from sidecar.worker.record_reader.record_scan import Spans, scratch
from sidecar.worker.record_reader.text_column import text_column
from sidecar.worker.record_reader.text_hash import hash_values
from sidecar.worker.record_reader.time_column import TimeColumn

logger = logging.getLogger(__name__)

# A longer record is malformed.
MAX_RECORD_BYTES: Final = 8 * 2**20
# Spans that are held at a time; a frame has at most so many rows, whatever the fields.
_MAX_SPANS: Final = 2**20
_MAX_ROWS: Final = 2**17
_MIN_ROWS: Final = 64


class RecordReader:
    """Reads the uploads of one job, one after another.

    Parameters
    ----------
    time_field, time_format : str
        Data description of the job; ValueError if the format is no valid pattern.
    analysis_fields : tuple of str
        Fields whose absence is counted (the time field is added).
    needs : FieldNeeds
        Columns of the frames.
    dictionaries : mapping of field name to FieldDictionary
        One for each of `needs.codes`; they grow with the data, in order of appearance.
    bucket_span_s, latency_s : int
        Seconds.
    totals : DataCounts
        Of the job's life before.
    default_year : int, optional
        See `TimeColumn`.
    """

    def __init__(
        self,
        *,
        job_id: str,
        time_field: str,
        time_format: str,
        analysis_fields: tuple[str, ...],
        needs: FieldNeeds,
        dictionaries: Mapping[str, FieldDictionary],
        bucket_span_s: int,
        latency_s: int,
        totals: DataCounts,
        default_year: int | None = None,
    ) -> None:
        self._job_id = job_id
        self._totals = totals
        counted = {time_field, *analysis_fields}
        wanted = dict.fromkeys(
            (
                time_field,
                *analysis_fields,
                *needs.numbers,
                *needs.codes,
                *needs.hashes,
                *needs.texts,
                *needs.points,
            )
        )
        self._places = {name: place for place, name in enumerate(wanted)}
        self._analysed = len(counted - {time_field, "mlcategory"})
        self._needs = needs
        self._names = field_names(list(wanted))
        self._counted = np.array([name in counted for name in wanted])
        self._time_place = self._places[time_field]
        self._time = TimeColumn(time_format, default_year)
        self._tables = {name: CodeTable(dictionaries[name]) for name in needs.codes}
        self._bucket_ms = bucket_span_s * 1000
        self._order = record_order.new_order(
            bucket_span_s, latency_s, totals.latest_record_timestamp
        )
        self._scratch = scratch(self._names)
        self._spans: Spans | None = None

    @property
    def totals(self) -> DataCounts:
        """Counts over the job's life."""
        return self._totals

    def set_floor(self, time_s: int | None) -> None:
        """From now on records before this time (epoch seconds) are out of order."""
        self._order.state[record_order.FLOOR_S] = NEVER if time_s is None else time_s

    def save(self) -> dict[str, Any]:
        """What must be known beside the totals to go on later; plain JSON."""
        return record_order.save_order(self._order)

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state; ValueError if it does not fit the job."""
        record_order.load_order(self._order, state)

    def read(self, blocks: Iterable[bytes], sink: Callable[[RecordFrame], None]) -> DataCounts:
        """Read one upload.

        Parameters
        ----------
        blocks : iterable of bytes
            The body, cut anywhere.
        sink : callable
            Takes the frames (never empty); what it raises goes on.

        Returns
        -------
        DataCounts
            The increments. `last_data_time` and `log_time` are left to the caller.

        Raises
        ------
        MalformedInput
            There were 100 errors, or there is no object in the body. Records before that were
            given to the sink and are counted in its `counts`.
        """
        state = scan_state()
        counts = record_order.new_counts()
        body = BodyBuffer(blocks)
        spans = self._row_spans()
        while state[ERRORS] < MAX_ERRORS and body.fill():
            state[BASE] = body.offset
            rows = len(spans.kind)
            while rows == len(spans.kind):
                body.pos, rows = scan_body(
                    body.buf,
                    body.pos,
                    body.end,
                    body.is_last,
                    MAX_RECORD_BYTES,
                    self._counted,
                    self._names,
                    spans,
                    self._scratch,
                    state,
                )
                if rows:
                    self._take(body.buf, spans, rows, state, counts, sink)
        record_order.count_passed(self._order, counts)
        read_bytes = body.offset + body.end
        if state[ERRORS] >= MAX_ERRORS:
            read_bytes = min(read_bytes, int(state[LAST_ERROR]) + 1)
        increments = self._increments(state, counts, read_bytes)
        self._totals = self._totals.plus(increments)
        self._judge(state, increments)
        return increments

    def _take(
        self,
        buf: ByteArray,
        spans: Spans,
        n_rows: int,
        state: IntArray,
        counts: IntArray,
        sink: Callable[[RecordFrame], None],
    ) -> None:
        """Make a frame of the first rows of `spans`."""
        if state[MUST_NORMALISE]:
            normalise(buf, spans, n_rows)
            state[MUST_NORMALISE] = 0
        time_ms, has_time = self._time.read(buf, spans, self._time_place, n_rows)
        rows = np.empty(n_rows, dtype=np.int32)
        rows = rows[: record_order.accept(time_ms, has_time, self._order, counts, rows)]
        if len(rows) == 0:
            return
        needs = self._needs
        sink(
            RecordFrame(
                time=time_ms[rows] // 1000,
                numbers={name: self._numbers(buf, spans, name, rows) for name in needs.numbers},
                codes={
                    name: self._tables[name].codes(buf, spans, self._places[name], rows)
                    for name in needs.codes
                },
                hashes={name: self._hashes(buf, spans, name, rows) for name in needs.hashes},
                texts={
                    name: text_column(buf, spans, self._places[name], rows) for name in needs.texts
                },
                points={
                    name: point_column(buf, spans, self._places[name], rows)
                    for name in needs.points
                },
            )
        )

    def _numbers(self, buf: ByteArray, spans: Spans, name: str, rows: CodeArray) -> FloatArray:
        place = self._places[name]
        column = np.empty(len(rows))
        hard = np.empty(len(rows), dtype=np.int32)
        n_hard = parse_numbers(buf, spans, place, rows, column, hard)
        for i in hard[:n_hard]:
            start, end = spans.start[rows[i], place], spans.end[rows[i], place]
            value = hard_number(buf[start:end].tobytes())
            column[i] = value if np.isfinite(value) else np.nan
        return column

    def _hashes(self, buf: ByteArray, spans: Spans, name: str, rows: CodeArray) -> HashArray:
        column = np.empty(len(rows), dtype=np.uint64)
        hash_values(buf, spans, self._places[name], rows, column)
        return column

    def _row_spans(self) -> Spans:
        if self._spans is None:
            fields = len(self._places)
            rows = min(_MAX_ROWS, max(_MIN_ROWS, _MAX_SPANS // fields))
            self._spans = Spans(
                start=np.empty((rows, fields), dtype=np.int32),
                end=np.empty((rows, fields), dtype=np.int32),
                kind=np.empty((rows, fields), dtype=np.uint8),
            )
        return self._spans

    def _increments(self, state: IntArray, counts: IntArray, read_bytes: int) -> DataCounts:
        def bucket_time(place: int) -> int | None:
            bucket = int(counts[place])
            return None if bucket == NEVER else bucket * self._bucket_ms

        first, latest = int(counts[record_order.FIRST_ACCEPTED]), NEVER
        if first != NEVER:
            latest = int(self._order.state[record_order.LATEST])
        else:
            latest = int(counts[record_order.LATEST_DROPPED])
        is_first_ever = first != NEVER and self._totals.earliest_record_timestamp is None
        return DataCounts(
            job_id=self._job_id,
            analysed_field_count=self._analysed,
            processed_record_count=int(counts[record_order.ACCEPTED]),
            input_bytes=read_bytes,
            input_field_count=int(state[FIELDS]),
            invalid_date_count=int(counts[record_order.INVALID_DATE]),
            missing_field_count=int(state[MISSING]),
            out_of_order_timestamp_count=int(counts[record_order.OUT_OF_ORDER]),
            empty_bucket_count=int(counts[record_order.EMPTY]),
            sparse_bucket_count=int(counts[record_order.SPARSE]),
            bucket_count=int(counts[record_order.BUCKETS]),
            earliest_record_timestamp=first if is_first_ever else None,
            latest_record_timestamp=None if latest == NEVER else latest,
            latest_empty_bucket_timestamp=bucket_time(record_order.LATEST_EMPTY),
            latest_sparse_bucket_timestamp=bucket_time(record_order.LATEST_SPARSE),
        )

    def _judge(self, state: IntArray, increments: DataCounts) -> None:
        """Raise when an upload has too many errors, or nothing that could be a record."""
        errors = int(state[ERRORS])
        if errors == 0:
            return
        first, last = int(state[FIRST_ERROR]), int(state[LAST_ERROR])
        if errors >= MAX_ERRORS or state[OBJECTS] == 0:
            raise MalformedInput(first, last, increments)
        logger.warning(
            "skipped %d malformed parts of an upload, the first at byte %d, the last at byte %d",
            errors,
            first,
            last,
            extra={"ml.job_id": self._job_id},
        )
