"""Storage adapters; import the module of the one you use."""
