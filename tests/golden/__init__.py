"""The golden record: what the library did before it was rebuilt, and a test that it still does it."""
