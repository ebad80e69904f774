"""What Camunda 7's REST contract says: its documents, conversions, uploads and operations."""
