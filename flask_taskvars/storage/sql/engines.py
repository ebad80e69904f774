"""Find the engine: a Flask extension has one for each app, or the host hands in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeAlias, cast

from sqlalchemy import Engine, MetaData

from .database import OwnTransactions, refuse_autocommit


class Extension(Protocol):
    """Flask-SQLAlchemy or Flask-SQLAlchemy-Lite."""

    @property
    def engines(self) -> Mapping[Any, Engine]:
        """Return the engines of the current app, by their names."""


EngineSource: TypeAlias = Extension | Engine
_KEPT = "_taskvars_transactions"


def check_source(db: object) -> None:
    """Refuse an object that has no engine, or one on which writes would not be atomic.

    An extension has its engines only inside an app, so :func:`transactions` looks at those.

    :raises TypeError: it is neither an extension nor an engine.
    :raises ConfigError: it is an engine that commits each statement by itself.
    """
    if not isinstance(db, Engine) and not hasattr(type(db), "engines"):
        raise TypeError(
            f"{db!r} has no engine: give the SQLAlchemy object of Flask-SQLAlchemy or Flask-SQLAlchemy-Lite, "
            "or an Engine that sqlalchemy.create_engine made."
        )
    if isinstance(db, Engine):
        refuse_autocommit(db)


def metadata_of(db: EngineSource) -> MetaData | None:
    """Return the metadata of the extension's models. Only Flask-SQLAlchemy has one."""
    return cast("MetaData | None", getattr(db, "metadata", None))


def transactions(db: EngineSource, metadata: MetaData) -> OwnTransactions:
    """Return short transactions on the engine that serves the tables of a metadata.

    :raises ConfigError: the engine commits each statement by itself.
    """
    engine = db if isinstance(db, Engine) else _engine_of(db.engines, metadata)
    refuse_autocommit(engine)
    return own_transactions(engine)


def own_transactions(engine: Engine) -> OwnTransactions:
    """Return short transactions on an engine.

    Keep the object on the engine: a storage outlives the apps that it serves, and must not hold their engines.
    """
    kept: OwnTransactions | None = vars(engine).get(_KEPT)
    return kept or cast("OwnTransactions", vars(engine).setdefault(_KEPT, OwnTransactions(engine)))


def _engine_of(engines: Mapping[Any, Engine], metadata: MetaData) -> Engine:
    """Choose by `bind_key`, as Flask-SQLAlchemy does. The default key is None there, and "default" in -Lite."""
    key = metadata.info.get("bind_key")
    return engines["default" if key is None and None not in engines else key]
