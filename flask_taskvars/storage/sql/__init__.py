"""What the SQL storages share: connections, statements on the driver, and column types."""
