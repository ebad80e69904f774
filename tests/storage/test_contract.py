"""The contract of storages, for each of our own storages."""

from __future__ import annotations

import pytest

from tests.contract.golden.world import Storage
from tests.support.desk import Desk
from tests.support.storage_contract import StorageContract


class TestEveryStorage(StorageContract):
    """In memory, on SQLite, on PostgreSQL and on MariaDB."""

    @pytest.fixture
    def storage(self, desk: Desk) -> Storage:
        return desk.storage
