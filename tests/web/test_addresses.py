"""Addresses that no database can look for."""

import pytest


@pytest.mark.parametrize("path", [
    "/notices/99999999999999999999999", "/notices/2147483648", "/listings/%00", "/organisations/%00",
    "/introductions/%00", "/events/%00", "/api/v1/listings/%00",
])
def test_address_that_can_be_nothing_is_not_found(signed_in, alice, path):
    assert signed_in(alice).get(path).status_code == 404
