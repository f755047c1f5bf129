"""What people do on a case between its moves. The parts: meetings, minutes, tasks, filing, reading_log."""

from __future__ import annotations

from marketplace.casework import filing, meetings, minutes, reading_log, tasks
from marketplace.casework.minutes import link
from marketplace.casework.tasks import follow, overdue, overdue_of, remind

__all__ = ["filing", "follow", "link", "meetings", "minutes", "overdue", "overdue_of", "reading_log", "remind", "tasks"]
