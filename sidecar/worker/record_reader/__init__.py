"""Bytes of an upload to columns and data counts.

One way for everything: `body_scan` finds the records and the places of the values that are
wanted, then each column is made from these places by a kernel of its own. Python touches
windows of some MiB, the distinct values of a field, and texts that are out of the ordinary.
"""

from sidecar.worker.record_reader.malformed import MalformedInput
from sidecar.worker.record_reader.reader import RecordReader
from sidecar.worker.record_reader.warm_up import warm_up

__all__ = ["MalformedInput", "RecordReader", "warm_up"]
