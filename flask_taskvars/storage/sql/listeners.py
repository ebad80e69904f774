"""Find out whether the host listens to an engine: row-level security and tracing must see every statement of ours."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

_ENGINE_EVENTS = (
    "engine_connect",
    "begin",
    "before_execute",
    "after_execute",
    "before_cursor_execute",
    "after_cursor_execute",
    "commit",
    "rollback",
)
_POOL_EVENTS = ("checkout", "checkin", "reset")
_DIALECT_EVENTS = ("do_execute", "do_execute_no_params", "handle_error")


def has_listeners(engine: Engine) -> bool:
    """Whether the host observes each use of a connection: with an event, with options of the engine, or in the log.

    Check again for each look-up, because a listener may be added later. Listeners for new connections (`connect`,
    `do_connect`) don't count: they are called in any case.
    """
    if engine.get_execution_options() or engine.logger.isEnabledFor(logging.INFO):
        return True
    watched = (engine.dispatch, _ENGINE_EVENTS), (engine.pool.dispatch, _POOL_EVENTS)
    dialect = engine.dialect.dispatch, _DIALECT_EVENTS
    return any(getattr(dispatch, event) for dispatch, events in (*watched, dialect) for event in events)
