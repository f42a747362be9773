"""The engine's front door: one anomaly detection job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sidecar.engine.arrays import CodeArray
from sidecar.engine.categorization.job_categorization import JobCategorization
from sidecar.engine.columns import AnyArray, under, within
from sidecar.engine.dictionary import FieldDictionary
from sidecar.engine.field_needs import field_needs
from sidecar.engine.fingerprint import fingerprint
from sidecar.engine.gathering.cells import ClosedBuckets
from sidecar.engine.gathering.gatherer import Gatherer
from sidecar.engine.job_memory import JobMemory
from sidecar.engine.job_settings import has_model_plot, plot_terms, renormalization_window_s
from sidecar.engine.model_size import NEW_SERIES_BYTES, ModelSize
from sidecar.engine.names_state import load_names, save_names
from sidecar.engine.plot_terms import limited
from sidecar.engine.pruning import Pruning
from sidecar.engine.record_frame import RecordFrame
from sidecar.engine.results import BucketResults, RescoredTable
from sidecar.engine.rules.job_rules import JobRules
from sidecar.engine.scores.quantiles import quantiles_text
from sidecar.engine.scores.scoring import BucketScorer
from sidecar.engine.state import read_state, write_state
from sidecar.errors import MlError
from sidecar.schema.analysis_config import ML_CATEGORY
from sidecar.schema.job import Job
from sidecar.schema.rule_context import RuleContext, custom_rules
from sidecar.schema.scheduled_event import ScheduledEvent

# Records gathered at once: their columns stay in the processor's cache, and memory is bounded
# however long a frame is.
_RECORDS_AT_ONCE = 131_072
# Most buckets in one block of results, and most (bucket, series) pairs in it.
_BUCKETS_AT_ONCE = 4096
_PAIRS_AT_ONCE = 1 << 18

Names = list[str | None]


class AnomalyJob:
    """Takes records, closes buckets, scores them; keeps all state of a job.

    Not thread-safe; only the `dictionaries` may grow at the same time. All times are epoch
    seconds. The results do not depend on how records are cut into frames nor on save and restore
    in between (where the model memory limit is reached, which series are kept out is decided
    frame by frame).

    Attributes
    ----------
    job : Job
        The configuration as of now.
    needs : FieldNeeds
        The columns that frames must have.
    dictionaries : mapping of field name to FieldDictionary
        One per field in `needs.codes`; the record reader adds names. That of `mlcategory` is
        the engine's own.
    categorization : JobCategorization or None

    Raises
    ------
    ValueError
        When a detector has a function that the engine does not know.
    """

    def __init__(self, job: Job) -> None:
        config = job.analysis_config
        self.job = job
        self.needs = field_needs(config)
        self.categorization = JobCategorization.of(job)
        self.dictionaries = self._with_categories(
            {name: FieldDictionary() for name in self.needs.codes}
        )
        self._gatherer = Gatherer(config)
        self._scorer = BucketScorer(
            config,
            model_plot=has_model_plot(job),
            renormalization_window_s=renormalization_window_s(job),
        )
        self._rules = JobRules(config)
        self._memory = self._memory_of(job)
        self._pruning = Pruning(config)
        self._plot_terms = plot_terms(job)
        self._finalized_end: int | None = None

    # --- time and records ---------------------------------------------------------------------

    @property
    def first_open_bucket(self) -> int | None:
        """Start of the first bucket that takes records; None before time has begun."""
        return self._gatherer.buckets.first_open

    @property
    def last_finalized_bucket_end(self) -> int | None:
        """End of the last bucket that was finalised or skipped; None if there was none."""
        return self._finalized_end

    def process(self, frame: RecordFrame) -> Iterator[BucketResults]:
        """Gather records; results of the buckets that close, in blocks of bounded size.

        Nothing happens until the iterator is used, and it has to be used up. Records of buckets
        that are closed already are ignored.
        """
        for begin in range(0, len(frame), _RECORDS_AT_ONCE):
            part = self._categorized(frame.rows(slice(begin, begin + _RECORDS_AT_ONCE)))
            self._memory.meet(part.codes)
            first = 0
            while first < len(part):
                # Cut where models grow old, so that it does not matter where frames are cut.
                due = first + self._pruning.rows_before(part.time[first:], self._gatherer.buckets)
                self._add(part.rows(slice(first, due)))
                if due < len(part):
                    self._gatherer.buckets.reach(int(part.time[due]))
                yield from self._finalize()
                self._prune()
                first = due

    def _categorized(self, frame: RecordFrame) -> RecordFrame:
        if self.categorization is None:
            return frame
        room = self._memory.new_series()
        failures = self.categorization.failures
        frame = self.categorization.coded(frame, room * NEW_SERIES_BYTES)
        if self.categorization.failures > failures:
            self._memory.limit.reached = True
        return frame

    def _add(self, frame: RecordFrame) -> None:
        failures = self._gatherer.allocation_failures
        self._gatherer.add(frame, self._memory.new_series())
        if self._gatherer.allocation_failures > failures:
            self._memory.limit.reached = True

    def _prune(self) -> None:
        """Forget series without records in the prune window, whenever a tenth of it has passed."""
        if not self._pruning.is_due(self._gatherer.buckets):
            return
        kept = self._gatherer.prune(self._pruning.window // self._memory.haste())
        if kept is not None:
            self._memory.note_pruned()
            self._scorer.keep(kept)
            self._rules.forget_series()

    def advance_time(self, time_s: int) -> Iterator[BucketResults]:
        """Finalise what a record at this time would, even without data.

        Before the first record there is nothing to finalise: time begins here then.
        The iterator has to be used up.
        """
        self._gatherer.advance(time_s)
        yield from self._finalize()
        self._prune()

    def skip_time(self, time_s: int) -> None:
        """Drop the open buckets before this time, without results and without learning."""
        self._gatherer.skip(time_s)
        first_open = self._gatherer.buckets.first_open
        if first_open is not None and first_open == self._gatherer.buckets.floor(time_s):
            self._scorer.skip(first_open)
            self._finalized_end = first_open
            self._prune()

    def reset_buckets(self, start_s: int, end_s: int) -> None:
        """Forget the records of open buckets in [start, end)."""
        self._gatherer.reset(start_s, end_s)

    def interim(self, start_s: int | None = None, end_s: int | None = None) -> BucketResults | None:
        """Results of the open buckets in [start, end) as they are now; None if there are none.

        The state stays as it is.
        """
        opened = self._gatherer.peek(start_s, end_s)
        if opened is None:
            return None
        results = self._score(opened, learn=False)
        results.is_interim = True
        return self._shown(results)

    def _score(self, closed: ClosedBuckets, *, learn: bool) -> BucketResults:
        keys = self._gatherer.keys()
        rules = self._rules.in_force(closed.time, keys, self.dictionaries, learn=learn)
        results = self._scorer.score(closed, keys, learn=learn, rules=rules)
        results.scheduled_events = self._rules.descriptions(closed.time)
        return results

    def _finalize(self) -> Iterator[BucketResults]:
        span = self._gatherer.buckets.span
        pairs = max(1, self._gatherer.series_count())
        buckets = max(1, min(_BUCKETS_AT_ONCE, _PAIRS_AT_ONCE // pairs))
        for closed in self._gatherer.close(buckets):
            self._pass_over(int(closed.time[0]))
            self._scorer.allow_growth(self._memory.new_series() > 0)
            results = self._score(closed, learn=True)
            self._finalized_end = int(closed.time[-1]) + span
            yield self._shown(results)
        if self._gatherer.buckets.unclosed is not None:
            self._pass_over(self._gatherer.buckets.unclosed)

    def _shown(self, results: BucketResults) -> BucketResults:
        """The results without model plots that nobody asked for."""
        if results.model_plot is not None:
            results.model_plot = limited(
                results.model_plot,
                self._plot_terms,
                self.job.analysis_config.detectors,
                self._gatherer.keys(),
                self.dictionaries,
            )
        return results

    def _pass_over(self, until: int) -> None:
        """Skip the buckets that were left out of a long silence, if there are any."""
        if self._finalized_end is not None and self._finalized_end < until:
            self._scorer.skip(until)
            self._finalized_end = until

    # --- configuration and names --------------------------------------------------------------

    def update(self, job: Job) -> None:
        """Apply what may change in an open job: custom rules, model plot, memory limit and so on.

        Raises ValueError when the analysis itself is another one.
        """
        if fingerprint(job.analysis_config) != fingerprint(self.job.analysis_config):
            raise ValueError(f"the analysis of job [{job.job_id}] cannot change while it is open")
        self.job = job
        self._scorer.set_model_plot(has_model_plot(job))
        self._plot_terms = plot_terms(job)
        self._scorer.set_renormalization_window(renormalization_window_s(job))
        self._rules.set_custom_rules(custom_rules(job.analysis_config))
        self._memory.limit.set(job.analysis_limits.model_memory_limit_mb)
        self._pruning.set_window(job.analysis_config)
        if self.categorization is not None:
            self.categorization.update(job.analysis_config)

    @property
    def rules(self) -> RuleContext:
        """Custom rules, filters and events in force; after `restore` those of the saved state."""
        rules = self._rules
        return RuleContext(rules.custom_rules, dict(rules.filters), rules.events)

    def set_filters(self, filters: Mapping[str, Iterable[str]]) -> None:
        """Replace the filters that scopes of custom rules name: items by filter id."""
        self._rules.set_filters(filters)

    def set_events(self, events: Iterable[ScheduledEvent]) -> None:
        """Replace the scheduled events of the job's calendars."""
        self._rules.set_events(events)

    def renormalizes_as(self, job: Job) -> bool:
        """Whether the renormalization window in force is that of `job`."""
        return self._scorer.renormalization_window_s == renormalization_window_s(job)

    def logged_results(self) -> RescoredTable | None:
        """The results that may still be scored again, with the scores their documents should have.

        None when there are none.
        """
        return self._scorer.logged_results()

    def quantiles(self) -> str:
        """What scores are read from, the history of surprises of each scope, as JSON."""
        return quantiles_text(self._scorer.quantiles())

    def series_names(self, detector_index: int, series: CodeArray) -> tuple[Names, Names, Names]:
        """Partition, by and over values of some series; None where there is none."""
        detector = self.job.analysis_config.detectors[detector_index]
        keys = self._gatherer.keys()[detector_index]

        def names(field: str | None, codes: CodeArray) -> Names:
            if not field:
                return [None] * len(series)
            dictionary = self.dictionaries[field]
            return [dictionary.name(c) if c >= 0 else None for c in codes[series].tolist()]

        return (
            names(detector.partition_field_name, keys.partition),
            names(detector.by_field_name, keys.by),
            names(detector.over_field_name, keys.over),
        )

    def _with_categories(
        self, dictionaries: dict[str, FieldDictionary]
    ) -> Mapping[str, FieldDictionary]:
        if self.categorization is None:
            return dictionaries
        return {**dictionaries, ML_CATEGORY: self.categorization.dictionary}

    def model_size(self) -> ModelSize:
        """Memory in use and what it is used for."""
        return self._memory.size()

    def _memory_of(self, job: Job) -> JobMemory:
        return JobMemory(
            self._gatherer,
            self._scorer,
            self.categorization,
            self.dictionaries,
            job.analysis_limits.model_memory_limit_mb,
        )

    # --- state --------------------------------------------------------------------------------

    def save(self) -> Iterator[bytes]:
        """The whole state in blocks of at most 1 MiB.

        The job must not be used for anything else before the last block has been taken.
        """
        gatherer, arrays = self._gatherer.save()
        scorer, models = self._scorer.save()
        arrays = {**under("gatherer", arrays), **under("models", models)}
        for i, name in enumerate(self.needs.codes):
            arrays |= under(f"names/{i}", save_names(self.dictionaries[name]))
        if self.categorization is not None:
            arrays |= self.categorization.save()
        header = {
            "analysis_config": fingerprint(self.job.analysis_config),
            "last_finalized_bucket_end": self._finalized_end,
            "memory_limit_reached": self._memory.limit.reached,
            "names_met": self._memory.names.save(),
            "pruned_at": self._pruning.pruned_at,
            "gatherer": gatherer,
            "models": scorer,
            "rules": self._rules.save(),
        }
        yield from write_state(header, arrays)

    @classmethod
    def restore(cls, job: Job, chunks: Iterable[bytes]) -> AnomalyJob:
        """The job that `save` wrote, with its rules, filters, events and renormalization window.

        Those of `job` come into force with `update`.

        Raises ValueError when the state is of a newer format, of another analysis config,
        truncated or damaged.
        """
        header, arrays = read_state(chunks)
        if header.get("analysis_config") != fingerprint(job.analysis_config):
            raise ValueError("the model state belongs to another analysis config")
        restored = cls(job)
        try:
            restored._load(header, arrays)
        except (KeyError, IndexError, TypeError, MlError) as error:
            raise ValueError("the model state is incomplete") from error
        return restored

    def _load(self, header: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> None:
        if self.categorization is not None:
            self.categorization.load(arrays)
        self.dictionaries = self._with_categories(
            {
                name: load_names(within(arrays, f"names/{i}"))
                for i, name in enumerate(self.needs.codes)
            }
        )
        self._memory = self._memory_of(self.job)
        self._memory.names.load(header.get("names_met", {}))
        self._gatherer.load(header.get("gatherer", {}), within(arrays, "gatherer"))
        self._scorer.load(header.get("models", {}), within(arrays, "models"))
        self._rules.load(header.get("rules", {}))
        self._memory.limit.reached = bool(header.get("memory_limit_reached", False))
        self._finalized_end = header.get("last_finalized_bucket_end")
        self._pruning.pruned_at = header.get("pruned_at")
