"""Check that a history is linearizable: each request took effect at one moment between its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["write", "read", "guarded", "refused"]
Value: TypeAlias = "str | None"
"""The tag of the bytes; None when there is no variable."""
State: TypeAlias = "tuple[Value, frozenset[Request]]"


@dataclass(frozen=True, eq=False)
class Request:
    """A client's request and its answer.

    :param start, end: moments.
    :param value: the tag that was written or read.
    :param condition: the tag in the If-Match of a guarded write.
    :param certain: whether it took effect; if not, it may have: its answer was an error.
    """

    kind: Kind
    start: int
    end: int
    value: Value = None
    condition: Value = None
    certain: bool = True

    def applied(self, state: Value) -> tuple[bool, Value]:
        """Return whether the request could take effect in a state, and the state after it."""
        match self.kind:
            case "write":
                return True, self.value
            case "read":
                return state == self.value, state
            case "guarded":
                return state == self.condition, self.value
            case "refused":
                return state != self.condition, state


def first_impossible(requests: Iterable[Request], start: Value = None) -> Request | None:
    """Find the first request whose answer fits no order of the requests up to its end. Return None if all fit.

    This is the search of Wing and Gong, moment by moment. After each moment it knows all possible states: the
    variable's value, and which of the requests under way have taken effect.
    """
    moments = [(request.start, 0, request) for request in requests]
    moments += [(request.end, 1, request) for _, _, request in moments]
    under_way: set[Request] = set()
    states: set[State] = {(start, frozenset())}
    for _, is_end, request in sorted(moments, key=lambda moment: moment[:2]):
        if not is_end:
            under_way.add(request)
            continue
        states = _states_after(request, states, under_way)
        if not states:
            return request
        under_way.remove(request)
    return None


def _states_after(request: Request, states: set[State], under_way: set[Request]) -> set[State]:
    """Return the states that are possible after a request has ended."""
    found, seen, waiting = set(), set(states), list(states)
    while waiting:
        state, done = waiting.pop()
        if request in done or not request.certain:
            found.add((state, done - {request}))
        if request in done:
            continue
        for other in under_way - done:
            fits, after = other.applied(state)
            following = (after, done | {other})
            if fits and following not in seen:
                seen.add(following)
                waiting.append(following)
    return found
