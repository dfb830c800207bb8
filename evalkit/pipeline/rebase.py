"""How runs that another grader or judge scored are brought under one: which of them to judge again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalkit.config import Config
from evalkit.errors import InputError
from evalkit.graders import Check, Grader, PairwiseGrader, build_graders
from evalkit.pipeline.suite import judge_of, load_suite
from evalkit.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the config scores with now: by grader, the digests of the grader and of its judge."""

    digests: Mapping[str, tuple[str, str]]
    simulated: bool = False
    """The sandbox is the judge."""

    def scores_like(self, run: Run) -> bool:
        """Whether a run was scored with it."""
        return self.digests.get(run.grader) == (run.grader_digest, run.judge.digest if run.judge else "")


def present(config: Config | None, *, simulated: bool = False) -> Present:
    """What a config scores with; nothing where there is no config, or it cannot be loaded any more.

    `simulated` takes the sandbox for the judge.
    """
    try:
        graders = _graders(config) if config else ()
    except InputError:
        return Present(digests={}, simulated=simulated)  # the reasons against a comparison are true without the advice
    judged = config is not None and (config.judge is not None or config.jury is not None)
    asked = judge_of(config, simulated=simulated).digest if config and judged else ""
    return Present(
        digests={one.name: (one.digest, "" if isinstance(one, Check) else asked) for one in graders},
        simulated=simulated,
    )


def mend(baseline: Run, candidate: Run, now: Present, *, served_models: Sequence[str] = ()) -> str | None:
    """The command after which the two can be compared; None where none would help.

    `served_models` are those that answered for the newer of the two.
    """
    if baseline.grader != candidate.grader:
        return None
    older = min((baseline, candidate), key=lambda run: run.created_at)
    if candidate.grader not in now.digests:
        return None if now.digests else _command([older], now)
    stale = [run for run in (baseline, candidate) if not now.scores_like(run)]
    if stale:
        return _command(stale, now)
    # Both are scored as the config says, so its model has moved on: what answered last is asked by its own name.
    asked = candidate.judge.model if candidate.judge else None
    if len(served_models) != 1 or served_models[0] == asked:
        return None
    return f"{_command([baseline, candidate], now)} --judge {served_models[0]}"


def _command(runs: Sequence[Run], now: Present) -> str:
    return f"evalkit rejudge {' '.join(run.id for run in runs)}{' --sandbox' if now.simulated else ''}"


def _graders(config: Config) -> Sequence[Grader]:
    """The graders of a config; the outputs that a pairwise one puts beside others are read where there is one."""
    graders = build_graders(config)
    pairwise = any(isinstance(grader, PairwiseGrader) for grader in graders)
    return load_suite(config).graders if pairwise else graders
