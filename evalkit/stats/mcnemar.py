"""McNemar's test: were more cases won than lost than a fair coin would give?"""

from __future__ import annotations

from evalkit.stats.distribution import fair_coin_cdf, fair_coin_pmf


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact p-value, whose error never exceeds the nominal; 1 where nothing was won or lost.

    Raises:
        ValueError: a count is negative.
    """
    discordant = _discordant(wins, losses)
    if discordant == 0:
        return 1.0
    return min(1.0, 2 * fair_coin_cdf(min(wins, losses), discordant))


def mcnemar_midp(wins: int, losses: int) -> float:
    """Two-sided mid-p-value, whose error lies close to the nominal; 1 where as much was won as lost.

    Raises:
        ValueError: a count is negative.
    """
    discordant = _discordant(wins, losses)
    if wins == losses:
        return 1.0
    fewer = min(wins, losses)
    return max(0.0, 2 * fair_coin_cdf(fewer, discordant) - fair_coin_pmf(fewer, discordant))


def mcnemar_worse(wins: int, losses: int) -> float:
    """One-sided mid-p-value that losses outnumber wins; 0.5 where as much was won as lost.

    Raises:
        ValueError: a count is negative.
    """
    discordant = _discordant(wins, losses)
    if wins == losses:
        return 0.5
    return max(0.0, fair_coin_cdf(wins, discordant) - fair_coin_pmf(wins, discordant) / 2)


def _discordant(wins: int, losses: int) -> int:
    if wins < 0 or losses < 0:
        raise ValueError(f"{wins} wins and {losses} losses cannot be")
    return wins + losses
