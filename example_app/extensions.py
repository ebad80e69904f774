"""The extensions. `create_app` binds them to an app."""

from __future__ import annotations

from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from flask_taskvars import TaskVars
from flask_taskvars.storage.sqla import SQLAlchemyStorage


class Base(DeclarativeBase):
    """The base of the desk's models."""


db = SQLAlchemy(model_class=Base)
login = LoginManager()
storage = SQLAlchemyStorage(db)
taskvars = TaskVars(storage)
