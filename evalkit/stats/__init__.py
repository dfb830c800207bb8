"""Numbers in, numbers out: estimates, paired differences, intervals and tests.

numpy and scipy are imported by the first call that needs them, not with this package.
What is undefined is None, never 0 and never NaN.
"""

from evalkit.stats.agreement import Agreement, agreement
from evalkit.stats.bootstrap import Bootstrap, bca
from evalkit.stats.bounds import bounds
from evalkit.stats.bradley_terry import BradleyTerry, Gap, bradley_terry, bradley_terry_battles
from evalkit.stats.coefficient import Coefficient
from evalkit.stats.confusion import (
    Confusion,
    HitRates,
    cohen_kappa,
    confusion,
    hit_rates,
    raw_agreement,
    sensitivity_specificity,
)
from evalkit.stats.correction import Corrected, rogan_gladen
from evalkit.stats.correlation import Correlation, pooled_correlation
from evalkit.stats.difference import agresti_min, bonett_price, diff_wald, newcombe, tango, tango_z
from evalkit.stats.estimate import Estimate, estimate, estimate_counts
from evalkit.stats.interval import Interval
from evalkit.stats.joint import joint_means, percentiles
from evalkit.stats.krippendorff import krippendorff_alpha
from evalkit.stats.mcnemar import mcnemar_exact, mcnemar_midp, mcnemar_worse
from evalkit.stats.multiple import benjamini_hochberg, holm
from evalkit.stats.noninferiority import Equivalence, NonInferiority, noninferiority, noninferiority_counts, tost
from evalkit.stats.paired import Paired, paired
from evalkit.stats.pass_power import (
    cases_needed_without_flips,
    mcnemar_power,
    mcnemar_sample_size,
    non_inferiority_sample_size,
)
from evalkit.stats.permutation import PermutationTest, TTest, Wilcoxon, paired_t, sign_flip, wilcoxon
from evalkit.stats.power import cases_needed_for_margin, difference_variance, mde, sample_size, with_samples
from evalkit.stats.ppi import ppi, ppi_paired, ppi_plus
from evalkit.stats.preference import BothOrders, WinRate, both_orders, order_scores, win_rate
from evalkit.stats.proportion import (
    beta_posterior,
    clopper_pearson,
    jeffreys,
    paired_posterior,
    wald,
    wilson,
    wilson_corrected,
)
from evalkit.stats.raters import brennan_prediger, conger_kappa, fleiss_kappa, fleiss_z, gwet
from evalkit.stats.repeats import Repeats, judge_floor, repeats, variance_ratio
from evalkit.stats.routing import (
    Oracle,
    Point,
    above_random_mix,
    aiq,
    average_gap_recovered,
    call_share_for,
    gap_recovered,
    hull,
    oracle,
    random_mix,
    router_arena_score,
)
from evalkit.stats.sequential import (
    EProcess,
    confidence_sequence,
    e_process,
    e_value,
    group_sequential_bounds,
    spend,
)
from evalkit.stats.stratified import Stratified, stratified, stratified_standard_error
from evalkit.stats.values import TIE

__all__ = [
    "TIE",
    "Agreement",
    "Bootstrap",
    "BothOrders",
    "BradleyTerry",
    "Coefficient",
    "Confusion",
    "Corrected",
    "Correlation",
    "EProcess",
    "Equivalence",
    "Estimate",
    "Gap",
    "HitRates",
    "Interval",
    "NonInferiority",
    "Oracle",
    "Paired",
    "PermutationTest",
    "Point",
    "Repeats",
    "Stratified",
    "TTest",
    "Wilcoxon",
    "WinRate",
    "above_random_mix",
    "agreement",
    "agresti_min",
    "aiq",
    "average_gap_recovered",
    "bca",
    "benjamini_hochberg",
    "beta_posterior",
    "bonett_price",
    "both_orders",
    "bounds",
    "bradley_terry",
    "bradley_terry_battles",
    "brennan_prediger",
    "call_share_for",
    "cases_needed_for_margin",
    "cases_needed_without_flips",
    "clopper_pearson",
    "cohen_kappa",
    "confidence_sequence",
    "confusion",
    "conger_kappa",
    "diff_wald",
    "difference_variance",
    "e_process",
    "e_value",
    "estimate",
    "estimate_counts",
    "fleiss_kappa",
    "fleiss_z",
    "gap_recovered",
    "group_sequential_bounds",
    "gwet",
    "hit_rates",
    "holm",
    "hull",
    "jeffreys",
    "joint_means",
    "judge_floor",
    "krippendorff_alpha",
    "mcnemar_exact",
    "mcnemar_midp",
    "mcnemar_power",
    "mcnemar_sample_size",
    "mcnemar_worse",
    "mde",
    "newcombe",
    "non_inferiority_sample_size",
    "noninferiority",
    "noninferiority_counts",
    "oracle",
    "order_scores",
    "paired",
    "paired_posterior",
    "paired_t",
    "percentiles",
    "pooled_correlation",
    "ppi",
    "ppi_paired",
    "ppi_plus",
    "random_mix",
    "raw_agreement",
    "repeats",
    "rogan_gladen",
    "router_arena_score",
    "sample_size",
    "sensitivity_specificity",
    "sign_flip",
    "spend",
    "stratified",
    "stratified_standard_error",
    "tango",
    "tango_z",
    "tost",
    "variance_ratio",
    "wald",
    "wilcoxon",
    "wilson",
    "wilson_corrected",
    "win_rate",
    "with_samples",
]
