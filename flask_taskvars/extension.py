"""The extension object and the plain blueprint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TypeVar, Unpack

from flask import Blueprint, Flask
from flask.blueprints import BlueprintSetupState

from .callers import Caller, Callers
from .cli import add_commands
from .contents.urls import open_contents
from .errors import ConfigError
from .gates.base import Gate, Gates
from .given import check_function
from .mount import Authorize, Hook, Mount, State, contents_here
from .routes import add_routes, make_blueprint
from .settings import GivenSettings, Settings, check_names
from .storage.base import StorageAdapter

_HookT = TypeVar("_HookT", bound=Authorize)
_GateT = TypeVar("_GateT", bound=Gate)
_CallerT = TypeVar("_CallerT", bound=Caller)
_CheckT = TypeVar("_CheckT", bound="Authorize | None")


class TaskVars:
    """Serve task variables from a Flask app.

    :param storage: where the variables live; you may hand it to :meth:`init_app` instead.
    :param authorize: who may do what; you may use the decorator :meth:`authorize` instead.
    :param name: the blueprint's name; a second mount in the same app needs another name and another `url_prefix`.
    :param settings: fields of :class:`~flask_taskvars.settings.Settings` that win over `app.config`.
    :raises TypeError: `storage` is not a storage, or `authorize` is not a plain function with three parameters.
    :raises ConfigError: a setting is unknown.
    """

    def __init__(
        self,
        storage: StorageAdapter | None = None,
        authorize: Authorize | None = None,
        *,
        name: str = "taskvars",
        **settings: Unpack[GivenSettings],
    ) -> None:
        check_names(settings)
        self._storage = None if storage is None else _checked_storage(storage)
        self._hook, self._gates, self._callers = Hook(_checked_hook(authorize)), Gates(), Callers()
        self._name, self._settings = name, settings

    def authorize(self, check: _HookT) -> _HookT:
        """Decorate the function that decides who may do what.

        It takes the action (`"read"`, `"write"` or `"delete"`), the id of a task that exists, and the variable's name.
        The name is None for a list or a modification as a whole. It returns True or False, or raises
        :class:`~flask_taskvars.errors.Forbidden` to name the user or the missing permissions. Any other answer is a
        TypeError. A caller learns nothing about a variable before it returns True.

        :raises TypeError: it is not a plain function with three parameters.
        """
        self._hook.check = _checked_hook(check)
        return check

    def accept(self, gate: _GateT) -> _GateT:
        """Decorate a function that looks at each value before it takes effect; several are called in turn.

        It takes the id of the task, the variable's name and the value: a :class:`File` or :class:`Bytes`, whose
        `content` is a :class:`~flask_taskvars.values.Content` or None, or a :class:`Value`. It returns None, or raises
        :class:`~flask_taskvars.errors.Refused`: then nothing is stored. Any other answer is a TypeError.
        :mod:`flask_taskvars.gates` has some to choose from.

        :raises TypeError: it is not a plain function with three parameters.
        """
        self._gates.add(gate)
        return gate

    def caller(self, name: _CallerT) -> _CallerT:
        """Decorate a function that names the caller: only the caller who began a resumable upload may continue it.

        It takes no arguments. It returns a name that stays the same during an upload, such as the user's id, or None if
        the caller is unknown; any other answer is a TypeError. You need it if your callers are known by none of
        Flask-Login, `REMOTE_USER` and Basic authentication, for example with bearer tokens.

        :raises TypeError: it is not a plain function without parameters.
        """
        self._callers.use(name)
        return name

    def init_app(self, app: Flask, storage: StorageAdapter | None = None, **settings: Unpack[GivenSettings]) -> None:
        """Mount the routes in an app. One object may serve several apps; each app has its own state.

        :raises RuntimeError: no storage was given, or the app has a mount with this name already.
        :raises TypeError: `storage` is not a storage.
        :raises ConfigError: there is no authorize function, a `TASKVARS_*` key is unknown or its value can't work with
            this storage, or another mount answers the same URLs.
        """
        storage = self._storage if storage is None else storage
        if storage is None:
            raise RuntimeError("There is no storage: give one to TaskVars(storage) or init_app(app, storage=…).")
        if self._name in app.extensions.get("taskvars", State()).mounts:
            raise RuntimeError(
                f"This app has a mount named {self._name!r} already: call init_app once for each app, "
                "or give the second mount a name and a prefix: TaskVars(storage, name=…, url_prefix=…)."
            )
        merged: GivenSettings = {**self._settings, **settings}
        app.register_blueprint(_blueprint(storage, self._hook, self._gates, self._callers, self._name, merged))


def create_blueprint(
    storage: StorageAdapter,
    *,
    authorize: Authorize | None = None,
    accept: Iterable[Gate] = (),
    caller: Caller | None = None,
    name: str = "taskvars",
    **settings: Unpack[GivenSettings],
) -> Blueprint:
    """Make a plain blueprint, for `app.register_blueprint(…, url_prefix=…)` or for nesting in another blueprint.

    Its settings are read from `app.config` when it is registered; `url_prefix` wins over `TASKVARS_URL_PREFIX`. The
    other parameters are those of :class:`TaskVars`.

    :param accept: functions that look at each value before it takes effect, as :meth:`TaskVars.accept` takes them.
    :param caller: a function that names the caller, as :meth:`TaskVars.caller` takes it.
    :raises TypeError: `storage` is not a storage, or a function is not a plain one with the right parameters.
    :raises ConfigError: there is no authorize function, or a setting is unknown; on registration, when a
        `TASKVARS_*` key is unknown or can't work, or another mount answers the same URLs.
    """
    gates = Gates()
    for gate in accept:
        gates.add(gate)
    callers = Callers()
    if caller is not None:
        callers.use(caller)
    return _blueprint(storage, Hook(_checked_hook(authorize)), gates, callers, name, settings)


def _blueprint(
    storage: StorageAdapter, hook: Hook, gates: Gates, callers: Callers, name: str, overrides: GivenSettings
) -> Blueprint:
    storage = _checked_storage(storage)
    check_names(overrides)
    if hook.check is None:
        raise ConfigError(
            "Nobody says who may read and write the variables: decorate a function with @taskvars.authorize before "
            "init_app, or give authorize=…; flask_taskvars.everybody lets everybody do everything."
        )
    blueprint = make_blueprint(name)
    if isinstance(prefix := overrides.get("url_prefix"), str):
        blueprint.url_prefix = prefix  # so that Flask joins it to the prefix of a blueprint around this one
    add_commands(blueprint)

    @blueprint.record
    def register(state: BlueprintSetupState) -> None:
        settings = Settings.from_config(state.app.config, **overrides)
        prefix = settings.url_prefix if state.url_prefix is None else state.url_prefix.rstrip("/")
        full_name = f"{state.name_prefix}.{state.name}".lstrip(".")
        mount = Mount(storage, settings, hook, gates, callers, prefix, open_contents(settings.contents))
        mounts = state.app.extensions.setdefault("taskvars", State()).mounts
        _check_prefix(full_name, mount, mounts)
        storage.mounted(partial(contents_here, storage) if mount.contents else None)
        _check_offload(mount)
        state.url_prefix = prefix
        mounts[full_name] = mount
        add_routes(state, mount)

    return blueprint


def _check_prefix(name: str, mount: Mount, mounts: Mapping[str, Mount]) -> None:
    for other, there in mounts.items():
        if not _roots(there).isdisjoint(_roots(mount)):
            raise ConfigError(
                f"{name!r} and {other!r} would answer the same URLs: give one of them another url_prefix=…"
            )


def _check_offload(mount: Mount) -> None:
    storage, offload = mount.storage, mount.settings.offload
    if offload and not storage.offloadable and all(store is None for store in mount.contents.values()):
        raise ConfigError(
            f"TASKVARS_OFFLOAD={offload!r} has no effect: no other server can fetch the bytes of this "
            f"{type(storage).__name__}. Leave it empty, or give a SQLAlchemyStorage, and in TASKVARS_CONTENTS a "
            'directory or an object store. If the setting is for another storage of the app, give offload="" here.'
        )


def _roots(mount: Mount) -> set[str]:
    """Return the paths below which a mount answers."""
    return {mount.url_prefix, f"{mount.url_prefix}/engine/{mount.settings.engine_name}"}


def _checked_storage(storage: StorageAdapter) -> StorageAdapter:
    if not isinstance(storage, StorageAdapter):
        raise TypeError(
            f"{storage!r} is not a storage: give a StorageAdapter, such as SQLAlchemyStorage(db) or MemoryStorage(); "
            "pass an app to init_app(app)."
        )
    return storage


def _checked_hook(check: _CheckT) -> _CheckT:
    if check is not None:
        check_function(check, "authorize", ("action", "task_id", "name"), "bool")
    return check
