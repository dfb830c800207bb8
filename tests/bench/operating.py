"""How often the gate passes what it must not, and how often each default interval covers the truth, by simulation.

`python -m tests.bench.operating` prints both as Markdown tables. The candidate is worse by exactly the margin, so a
pass is an error, and at 95 % confidence it may happen in 2.5 % of all gates. The seed is fixed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalkit.stats import estimate, noninferiority_counts
from evalkit.stats.differences import differences_of
from evalkit.stats.units import Choice

MARGIN = 0.05
SIZES = (50, 100, 300)
STEPS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
LABELS = np.array([0.0, 0.5, 1.0])

# Shares of differences -1, -0.5, 0, 0.5 and 1, each with a mean of minus the margin.
GRADED: Mapping[str, tuple[float, ...]] = {
    "few cases move, all are lost": (0.05, 0.0, 0.95, 0.0, 0.0),
    "few cases move, most are lost": (0.04, 0.04, 0.90, 0.02, 0.0),
    "half a point is lost at times": (0.0, 0.12, 0.86, 0.02, 0.0),
    "a third of the cases moves": (0.08, 0.10, 0.69, 0.10, 0.03),
    "half of the cases move": (0.15, 0.15, 0.45, 0.15, 0.10),
}
# Shares of losses and wins that differ by the margin.
BINARY: Mapping[str, tuple[float, float]] = {
    "5 % lost, none won": (0.05, 0.0),
    "7 % lost, 2 % won": (0.07, 0.02),
    "15 % lost, 10 % won": (0.15, 0.10),
    "30 % lost, 25 % won": (0.30, 0.25),
}
SCORES: Mapping[str, tuple[float, float, float]] = {
    "even": (1 / 3, 1 / 3, 1 / 3),
    "good": (0.1, 0.2, 0.7),
    "very good": (0.03, 0.07, 0.90),
    "nearly perfect": (0.01, 0.02, 0.97),
}
RATES = (0.5, 0.7, 0.9, 0.97)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One simulated share: of false passes, or of intervals that cover the truth."""

    kind: str
    scenario: str
    n: int
    share: float
    plain: float
    """The same for mean +- t * SE (for pass rates and binary differences: Wald), to show what the default mends."""
    repetitions: int

    @property
    def error(self) -> float:
        """The standard error of the share by the number of repetitions."""
        return float(np.sqrt(max(self.share * (1 - self.share), 1e-12) / self.repetitions))


def false_passes(*, repetitions: int = 3000, seed: int = 0) -> Iterator[Row]:
    """How often the gate passes at the margin, which is nominally 2.5 %."""
    rng = np.random.default_rng(seed)
    for scenario, (lost, won) in BINARY.items():
        for n in SIZES:
            tables, counts = _drawn(rng, n, (lost, 1 - lost - won, won), 50 * repetitions)
            shares = counts / counts.sum()
            passed = [noninferiority_counts(int(t[2]), int(t[0]), n, margin=MARGIN).holds for t in tables]
            delta = (tables[:, 2] - tables[:, 0]) / n
            spread = np.sqrt((tables[:, 2] + tables[:, 0]) / n - delta**2)
            wald = delta - 1.959964 * spread / np.sqrt(n) > -MARGIN
            yield Row(
                kind="binary",
                scenario=scenario,
                n=n,
                share=float(shares @ np.array(passed)),
                plain=float(shares @ wald),
                repetitions=50 * repetitions,
            )
    for scenario, probabilities in GRADED.items():
        for n in SIZES:
            tables, counts = _drawn(rng, n, probabilities, 2 * repetitions)
            shares = counts / counts.sum()
            rates = [
                float(shares @ np.array([_passes(np.repeat(STEPS, table), None, choice) for table in tables]))
                for choice in _CHOICES
            ]
            yield Row(
                kind="graded", scenario=scenario, n=n, share=rates[0], plain=rates[1], repetitions=2 * repetitions
            )
    for scenario in ("a third of the cases moves", "few cases move, most are lost"):
        for n in SIZES:
            drawn = [_clustered(rng, n, GRADED[scenario]) for _ in range(repetitions // 2)]
            rates = [float(np.mean([_passes(values, names, choice) for values, names in drawn])) for choice in _CHOICES]
            yield Row(
                kind="clustered",
                scenario=scenario,
                n=n,
                share=rates[0],
                plain=rates[1],
                repetitions=repetitions // 2,
            )


_CHOICES: tuple[Choice, Choice] = ("default", "t")


def _drawn(
    rng: np.random.Generator, n: int, shares: tuple[float, ...], repetitions: int
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Distinct tables of counts, and how often each was drawn."""
    return np.unique(rng.multinomial(n, shares, size=repetitions), axis=0, return_counts=True)


def _passes(values: NDArray[np.float64], names: list[str] | None, choice: Choice) -> bool:
    found = differences_of(np.zeros(len(values)), values, clusters=names, low_value=0, high_value=1)
    _, interval = found.interval(confidence=0.95, interval=choice)
    return interval is not None and interval.low > -MARGIN


def _clustered(rng: np.random.Generator, n: int, shares: tuple[float, ...]) -> tuple[NDArray[np.float64], list[str]]:
    """Clusters of 1 to 7 cases, of which each repeats its cluster's first difference half of the time."""
    sizes = rng.integers(1, 8, n)
    names = np.repeat(np.arange(n), sizes)[:n]
    own = rng.choice(STEPS, n, p=shares)
    first = rng.choice(STEPS, n, p=shares)[names]
    return np.where(rng.random(n) < 0.5, first, own), [str(name) for name in names]


def coverage(*, repetitions: int = 3000, seed: int = 1) -> Iterator[Row]:
    """How often each default interval of a mean covers it, which is nominally 95 %."""
    rng = np.random.default_rng(seed)
    for rate in RATES:
        for n in (30, *SIZES):
            tables, counts = _drawn(rng, n, (1 - rate, rate), 50 * repetitions)
            yield _covered(
                kind="pass rate",
                scenario=f"{rate:.0%}",
                n=n,
                drawn=(tables, counts),
                labels=np.array([0.0, 1.0]),
                mean=rate,
            )
    for scenario, shares in SCORES.items():
        for n in (15, 30, *SIZES):
            mean = float(np.dot(shares, LABELS))
            drawn = _drawn(rng, n, shares, 2 * repetitions)
            yield _covered(kind="graded", scenario=scenario, n=n, drawn=drawn, labels=LABELS, mean=mean)
    for scenario, shape in (("even", (2.0, 2.0)), ("good", (8.0, 2.0)), ("very good", (9.5, 0.5))):
        for clusters in (10, 20, 30, 60):
            yield _covered_clusters(rng, scenario, clusters, shape, repetitions // 4)


def _covered(
    *,
    kind: str,
    scenario: str,
    n: int,
    drawn: tuple[NDArray[np.int64], NDArray[np.intp]],
    labels: NDArray[np.float64],
    mean: float,
) -> Row:
    tables, counts = drawn
    shares = counts / counts.sum()
    rates = [
        float(shares @ np.array([_covers(np.repeat(labels, table), None, mean, choice) for table in tables]))
        for choice in _CHOICES
    ]
    return Row(kind=kind, scenario=scenario, n=n, share=rates[0], plain=rates[1], repetitions=int(counts.sum()))


def _covered_clusters(
    rng: np.random.Generator, scenario: str, clusters: int, shape: tuple[float, float], repetitions: int
) -> Row:
    mean = shape[0] / sum(shape)
    covered = np.zeros(2)
    for _ in range(repetitions):
        names = np.repeat(np.arange(clusters), rng.integers(1, 8, clusters))
        values = rng.binomial(2, rng.beta(*shape, clusters)[names]) / 2
        covered += [_covers(values, [str(name) for name in names], mean, choice) for choice in _CHOICES]
    default, plain = (covered / repetitions).tolist()
    return Row(kind="clusters", scenario=scenario, n=clusters, share=default, plain=plain, repetitions=repetitions)


def _covers(values: NDArray[np.float64], names: list[str] | None, mean: float, choice: Choice) -> bool:
    made = estimate(values, clusters=names, low_value=0, high_value=1, interval=choice)
    return made.low is not None and made.high is not None and made.low <= mean <= made.high


def table(rows: Iterator[Row], *, share: str, plain: str) -> Iterator[str]:
    """The rows as a Markdown table, line by line."""
    yield f"| kind | scenario | n | {share} | ± | {plain} |"
    yield "|---|---|---:|---:|---:|---:|"
    for row in rows:
        numbers = f"{row.share:.2%} | {row.error:.2%} | {row.plain:.2%}"
        yield f"| {row.kind} | {row.scenario} | {row.n} | {numbers} |"


def lines() -> Iterator[str]:
    """Both tables."""
    yield "False passes of the gate at a margin of 5 points, nominally 2.5 %\n"
    yield from table(false_passes(), share="false passes", plain="by mean ± t · SE or Wald")
    yield "\nCoverage of the default intervals, nominally 95 %; n counts clusters where the kind does\n"
    yield from table(coverage(), share="coverage", plain="of mean ± t · SE")


if __name__ == "__main__":
    for line in lines():
        print(line)
        sys.stdout.flush()
