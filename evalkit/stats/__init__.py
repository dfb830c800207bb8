"""Numbers in, numbers out: estimates, paired differences, intervals and tests.

numpy and scipy are imported by the first call that needs them, not with this package.
What is undefined is None, never 0 and never NaN.
"""

from evalkit.stats.bounds import bounds
from evalkit.stats.difference import bonett_price, newcombe, tango, tango_z
from evalkit.stats.estimate import Estimate, estimate, estimate_counts
from evalkit.stats.interval import Interval
from evalkit.stats.mcnemar import mcnemar_exact, mcnemar_midp
from evalkit.stats.multiple import benjamini_hochberg, holm
from evalkit.stats.paired import Paired, paired
from evalkit.stats.proportion import wilson
from evalkit.stats.values import TIE

__all__ = [
    "TIE",
    "Estimate",
    "Interval",
    "Paired",
    "benjamini_hochberg",
    "bonett_price",
    "bounds",
    "estimate",
    "estimate_counts",
    "holm",
    "mcnemar_exact",
    "mcnemar_midp",
    "newcombe",
    "paired",
    "tango",
    "tango_z",
    "wilson",
]
