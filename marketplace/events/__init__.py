"""Events: series, their editions, who takes part."""
