"""Training: sessions and certificates of brokers."""
