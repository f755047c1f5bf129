"""The mail that asks what became of a technology: three links, one for each answer."""

from __future__ import annotations

from marketplace.accounts import links
from marketplace.accounts.models import User
from marketplace.contracts import vocabulary as words
from marketplace.contracts.models import Answer, Survey, SurveyKind
from marketplace.introductions import telling
from marketplace.messaging import service as messaging
from marketplace.messaging.composing import Entry
from marketplace.messaging.kinds import Kind
from marketplace.phrases import say

ASKS = {
    SurveyKind.SIX_MONTHS: say("Work under your contract on “{title}” began six months ago. How does it stand?"),
    SurveyKind.TWELVE_MONTHS: say("The technology of “{title}” was put to use a year ago. How does it stand today?"),
}
SUBJECT = say("How does it stand with “{title}”? One click answers")
REMINDER = say("Once more: how does it stand with “{title}”? One click answers")


def write(survey: Survey, person: User, token: str, *, is_reminder: bool) -> None:
    """Queue the mail and put a notice beside it. Links only open a page: a program that looks through mail answers
    nothing by following them."""
    introduction = survey.introduction
    title = telling.title(introduction.listing_of(survey.side))
    subject = (REMINDER if is_reminder else SUBJECT).format(title=title)
    messaging.notify([person.id], subject, f"{telling.path(introduction)}#surveys", kind=Kind.REMINDERS, mail=False,
                     once=f"survey:{survey.id}:{'again' if is_reminder else 'first'}")
    if person.confirmed_at is None or not messaging.leaves_by_mail():
        return
    page = links.to(f"/survey/{token}")
    messaging.post_mail(
        person.email, person.language, subject,
        [
            say("Hello {name},", name=person.name), ASKS[survey.kind].format(title=title),
            say("Choose what is true; a page opens on which you confirm it, without signing in:"),
            *(Entry(words.ANSWERS[answer], url=f"{page}?answer={answer.value}") for answer in Answer),
            say("Your answer goes to the broker of the case and counts in the figures of the marketplace, without your "
                "name. The links work for {days} days.", days=(survey.expires_at - survey.sent_at).days),
        ],
    )


def tell_broker(survey: Survey) -> None:
    """The broker of the case hears what a side said."""
    introduction = survey.introduction
    if introduction.broker_id is None or survey.answer is None:
        return
    phrase = say("“{title}”: {survey} – {answer}.", title=telling.title(introduction.listing_of(survey.side)),
                 survey=words.SURVEYS[survey.kind], answer=words.ANSWERS[survey.answer])
    telling.to_brokers(introduction, phrase, Kind.NEWS, f"survey:{survey.id}:answered", anchor="#surveys")
