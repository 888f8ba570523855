"""Landing against a thousand fuzzed deliveries, and against being killed at any moment."""
