"""The fleet: workers, their seats and their leases. A seat is room for one call; taking one is a single statement."""
