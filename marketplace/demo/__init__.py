"""The demonstration: a cast, their listings and their introductions, written for this project."""
