"""What the pipeline promises about answers, for whoever measures whether it was kept."""

from __future__ import annotations

from datetime import datetime

from marketplace import clock, workdays
from marketplace.introductions.due import TIMERS, end_of
from marketplace.introductions.models import Stage

ANSWERED = (Stage.INTEREST, Stage.QUALIFIED)
"""The stages at which silence is worst: a broker has to act, then the sides have to answer."""


def answer_due(stage: Stage, since: datetime) -> datetime:
    """By when an introduction that came to this stage at `since` should have its answer: the table's time, whatever
    people agreed on."""
    return end_of(workdays.after(since.astimezone(clock.PLACE).date(), TIMERS[stage].working_days))
