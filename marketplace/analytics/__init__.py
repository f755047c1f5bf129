"""Analytics: read-only figures. Nobody imports it."""
