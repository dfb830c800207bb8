"""The sandbox: a local stand-in for the Message Batches API, faithful in what a client can get wrong.

It answers on a real socket, so that the real SDK talks to it, and knows nothing of the rest of evalkit. Every response
carries the header `evalkit-sandbox: 1`. Its judge is lexical: what it scores is a simulation.
"""

from evalkit.sandbox.behaviour import Behaviour, Fault
from evalkit.sandbox.server import Sandbox, serve
from evalkit.sandbox.witness import WitnessEntry

__all__ = ["Behaviour", "Fault", "Sandbox", "WitnessEntry", "serve"]
