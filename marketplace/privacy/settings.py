"""The settings of privacy that are in force."""

from __future__ import annotations

from marketplace.config import PrivacySettings

_bound: list[PrivacySettings] = []


def bind(settings: PrivacySettings) -> None:
    """Use these from now on; called by the composition root."""
    _bound[:] = [settings]


def current() -> PrivacySettings:
    if not _bound:
        raise RuntimeError("privacy.settings.bind() has not been called")
    return _bound[0]
