from __future__ import annotations

from hypothesis import HealthCheck, settings

# A first example pays for importing scipy, and a busy machine is no fault of the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
