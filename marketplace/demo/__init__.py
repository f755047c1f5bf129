"""The demonstration: a cast, their listings and their introductions, written for this project and loaded through the services."""
