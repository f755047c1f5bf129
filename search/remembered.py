"""Answers that are asked for again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Remembered(dict[Question, Answer]):
    """What a function says, by what it was asked; looked up as a dictionary, without calling Python for
    what is known. It keeps at most so many answers and then begins anew."""

    def __init__(self, function: Callable[[Question], Answer], most: int) -> None:
        super().__init__()
        self._function, self._most = function, most

    def __missing__(self, question: Question) -> Answer:
        answer = self._function(question)
        if len(self) >= self._most:
            self.clear()
        self[question] = answer
        return answer
