"""The control endpoint under `/_sandbox/`: how another process steers the sandbox and reads the witness.

    GET    /_sandbox/witness             every exchange so far, as a JSON array
    GET    /_sandbox/behaviour           the behaviour, as a JSON object
    PATCH  /_sandbox/behaviour           replace some of its keys
    POST   /_sandbox/faults              arm one fault
    DELETE /_sandbox/faults              disarm all
    POST   /_sandbox/clock  {"seconds"}  move the sandbox's clock on

None of these calls is an exchange of the API, so the witness does not list them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import msgspec

from evalkit.errors import UsageError
from evalkit.sandbox.api import Api
from evalkit.sandbox.behaviour import changed, fault_from_json, to_json
from evalkit.sandbox.call import Call
from evalkit.sandbox.wire import Answer, ApiError, encode


class _Advance(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float


class Control:
    """Answers the calls under `/_sandbox/`."""

    def __init__(self, api: Api, *, advance: Callable[[timedelta], None]) -> None:
        self._api = api
        self._advance = advance

    def handle(self, call: Call) -> Answer:
        """The answer to one control call; a bad one is a 400 with the reason."""
        try:
            return Answer(body=self._route(call))
        except ApiError as error:
            return error.answer(call.request_id)
        except (UsageError, msgspec.MsgspecError) as error:
            return ApiError(400, str(error)).answer(call.request_id)

    def _route(self, call: Call) -> bytes:
        match call.method, call.path.removeprefix("/_sandbox/"):
            case "GET", "witness":
                return encode(self._api.witness.entries())
            case "GET", "behaviour":
                return to_json(self._api.behaviour)
            case "PATCH", "behaviour":
                self._api.behaviour = changed(self._api.behaviour, call.body)
                return to_json(self._api.behaviour)
            case "POST", "faults":
                self._api.faults.add(fault_from_json(call.body))
            case "DELETE", "faults":
                self._api.faults.replace(())
            case "POST", "clock":
                self._advance(timedelta(seconds=msgspec.json.decode(call.body, type=_Advance).seconds))
            case _:
                raise ApiError(404, f"no control call {call.method} {call.path}")
        return b"{}"
