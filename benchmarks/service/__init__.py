"""The service under load: throughput beside the bare loop, nothing lost, memory flat."""
