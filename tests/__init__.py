"""The tests; packages, so that the conftest of one folder does not take the place of another's."""
