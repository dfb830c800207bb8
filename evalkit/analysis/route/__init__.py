"""Route: which model for which kind of case; a policy that can be defended, and what it is worth."""

from evalkit.analysis.route.curve import Curve, curve
from evalkit.analysis.route.expected import Expected, expected
from evalkit.analysis.route.policy import Evidence, Policy, fit
from evalkit.analysis.route.routing import Routing, route
from evalkit.analysis.route.table import RoutingTable, length_buckets

__all__ = [
    "Curve",
    "Evidence",
    "Expected",
    "Policy",
    "Routing",
    "RoutingTable",
    "curve",
    "expected",
    "fit",
    "length_buckets",
    "route",
]
