"""A need is worked over with a broker before it goes out."""
