"""The extension object and the plain blueprint."""

from __future__ import annotations

import inspect
from typing import TypeVar

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from .cli import add_commands
from .mount import Authorize, Hook, Mount
from .settings import ConfigError, Settings
from .storage.base import StorageAdapter
from .views import add_routes, make_blueprint

_HookT = TypeVar("_HookT", bound=Authorize)
_CheckT = TypeVar("_CheckT", bound="Authorize | None")


class TaskVars:
    """Serve task variables from a Flask app.

    :param storage: where the variables live; may come with :meth:`init_app` instead.
    :param authorize: who may do what; the decorator :meth:`authorize` sets it too.
    :param name: the blueprint's name; a second mount in the same app needs another one, and another `url_prefix`.
    :param settings: fields of :class:`~flask_taskvars.settings.Settings` that win over `app.config`.
    """

    def __init__(
        self,
        storage: StorageAdapter | None = None,
        authorize: Authorize | None = None,
        *,
        name: str = "taskvars",
        **settings: object,
    ) -> None:
        self._storage = None if storage is None else _checked_storage(storage)
        self._hook = Hook(_checked_hook(authorize))
        self._name, self._settings = name, settings

    def authorize(self, check: _HookT) -> _HookT:
        """Decorate the function that decides who may do what.

        It takes the action (`"read"`, `"write"` or `"delete"`), the id of a task that exists, and the variable's name
        or None for all; it returns True, or False, or raises :class:`~flask_taskvars.errors.Forbidden` to name the
        user or the missing permissions. Nothing of a variable is shown before it agrees.

        :raises TypeError: it can't be called, or is a coroutine function.
        """
        self._hook.check = _checked_hook(check)
        return check

    def init_app(self, app: Flask, storage: StorageAdapter | None = None, **settings: object) -> None:
        """Mount the routes in an app; one object serves any number of apps, each with its own state.

        :raises RuntimeError: no storage was given, or the app has a mount of this name.
        :raises TypeError: the storage is none.
        :raises ConfigError: a `TASKVARS_*` key is unknown or its value can't work, or the prefix is taken.
        """
        storage = self._storage if storage is None else storage
        if storage is None:
            raise RuntimeError("There is no storage: give one to TaskVars(storage) or init_app(app, storage=…).")
        if self._name in app.extensions.get("taskvars", {}):
            raise RuntimeError(
                f"This app has a mount named {self._name!r} already: call init_app once for each app, "
                "or give the second mount a name and a prefix: TaskVars(storage, name=…, url_prefix=…)."
            )
        app.register_blueprint(_blueprint(storage, self._hook, self._name, self._settings | settings))


def create_blueprint(
    storage: StorageAdapter, *, authorize: Authorize | None = None, name: str = "taskvars", **settings: object
) -> Blueprint:
    """Make a plain blueprint, for `app.register_blueprint(…, url_prefix=…)` or for nesting in another blueprint.

    Its settings are read from `app.config` when it is registered; `url_prefix` wins over `TASKVARS_URL_PREFIX`. The
    parameters are those of :class:`TaskVars`.

    :raises TypeError: the storage is none, or `authorize` can't be called or is a coroutine function.
    :raises ConfigError: on registration, when a `TASKVARS_*` key is unknown or can't work, or the prefix is taken.
    """
    return _blueprint(storage, Hook(_checked_hook(authorize)), name, settings)


def _blueprint(storage: StorageAdapter, hook: Hook, name: str, overrides: dict[str, object]) -> Blueprint:
    storage = _checked_storage(storage)
    blueprint = make_blueprint(name)
    if isinstance(prefix := overrides.get("url_prefix"), str):
        blueprint.url_prefix = prefix  # so that Flask joins it to the prefix of a blueprint around this one
    add_commands(blueprint)

    @blueprint.record
    def register(state: BlueprintSetupState) -> None:
        settings = Settings.from_config(state.app.config, **overrides)
        prefix = settings.url_prefix if state.url_prefix is None else state.url_prefix.rstrip("/")
        full_name = f"{state.name_prefix}.{state.name}".lstrip(".")
        mounts: dict[str, Mount] = state.app.extensions.setdefault("taskvars", {})
        for other, there in mounts.items():
            if there.url_prefix == prefix:
                raise ConfigError(
                    f"{full_name!r} and {other!r} would answer the same URLs: give one of them another url_prefix=…"
                )
        state.url_prefix = prefix
        mounts[full_name] = mount = Mount(storage, settings, hook, prefix)
        add_routes(state, mount)
        if hook.check is None and not (state.app.debug or state.app.testing):
            state.app.logger.warning(
                "taskvars: everybody may read and write every variable under %s/task/: decorate a function with "
                "@taskvars.authorize, or give authorize=… to create_blueprint.",
                prefix,
            )

    return blueprint


def _checked_storage(storage: StorageAdapter) -> StorageAdapter:
    if not isinstance(storage, StorageAdapter):
        raise TypeError(
            f"{storage!r} is no storage: give a StorageAdapter, such as SQLAlchemyStorage(db) or MemoryStorage(); "
            "an app goes to init_app(app)."
        )
    return storage


def _checked_hook(check: _CheckT) -> _CheckT:
    if check is not None and not callable(check):
        raise TypeError(f"{check!r} can't be called: authorize takes a function (action, task_id, name) -> bool.")
    if inspect.iscoroutinefunction(check):
        raise TypeError(f"{check!r} is a coroutine function, and a coroutine counts as True: give a plain function.")
    return check
