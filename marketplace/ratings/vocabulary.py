"""What can be said of a talk at a table, in both languages."""

from __future__ import annotations

from marketplace.phrases import Label
from marketplace.ratings.models import Later, Verdict

VERDICTS = {
    Verdict.NOT_HELD: Label("没谈上", "It did not take place"),
    Verdict.INFORMATIVE: Label("有收获", "It was informative"),
    Verdict.POSSIBLE: Label("有合作可能", "A cooperation is possible"),
}
LATER = {
    Later.NOTHING: Label("没有下文", "Nothing came of it"),
    Later.TALKING: Label("仍在洽谈", "We are still talking"),
    Later.AGREED: Label("已达成合作", "We work together"),
}
