"""The one door to the Anthropic API: batches are created, polled, listed and read here and nowhere else.

Bodies go out as bytes through the SDK's own client, which keeps its authentication, headers, errors and timeouts
but not its cost per object. Creating a batch is not idempotent, so `create` never retries and never follows a
redirect, and says one of three things: `Created`, `NotCreated`, `Unknown`.

Results are read from the documented path of the client's own base URL, never from the `results_url` that an answer
names: the key is sent to no other host.
"""

from evalkit.provider.count import Counted, NotCounted
from evalkit.provider.credentials import has_credentials
from evalkit.provider.door import Provider
from evalkit.provider.message import Answered, Barred, Busy, MessageOutcome
from evalkit.provider.outcome import Created, CreateOutcome, NotCreated, Unknown
from evalkit.provider.wire import SANDBOX_HEADER, Polled, RemoteBatch, RemoteModel, split_lines

__all__ = [
    "SANDBOX_HEADER",
    "Answered",
    "Barred",
    "Busy",
    "Counted",
    "CreateOutcome",
    "Created",
    "MessageOutcome",
    "NotCounted",
    "NotCreated",
    "Polled",
    "Provider",
    "RemoteBatch",
    "RemoteModel",
    "Unknown",
    "has_credentials",
    "split_lines",
]
