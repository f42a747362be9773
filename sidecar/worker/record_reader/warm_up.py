"""Compiling the kernels before the first upload needs them."""

from __future__ import annotations

from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.record_frame import FieldNeeds, RecordFrame
from sidecar.schema.data_counts import DataCounts
from sidecar.worker.record_reader.reader import RecordReader

# More distinct values than a new table of codes has room for.
_VALUES = 3000


def warm_up() -> None:
    """Run every kernel once, so that it is compiled or loaded from the on-disk cache."""
    for time_format, time in (("epoch", "1"), ("yyyy-MM-dd HH:mm", '"1970-01-01 00:00"')):
        reader = RecordReader(
            job_id="warm-up",
            time_field="time",
            time_format=time_format,
            analysis_fields=("name",),
            needs=FieldNeeds(("number",), ("name",), ("name",), ("name",), ("place",)),
            dictionaries={"name": FieldDictionary()},
            bucket_span_s=60,
            latency_s=0,
            totals=DataCounts("warm-up"),
        )
        body = (
            f'{{"time":{time},"number":"{i}.1234567890123456","name":["\\u0041","{i}"],'
            f'"place":"1,2"}}'.encode()
            for i in range(_VALUES)
        )
        reader.read(body, _ignore)


def _ignore(frame: RecordFrame) -> None:
    """Take a frame and do nothing with it."""
