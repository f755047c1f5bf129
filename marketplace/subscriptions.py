"""What follows from what: every topic and who hears of it, on one screen."""

from datetime import timedelta

from marketplace import index, outbox, rates, sealing
from marketplace.accounts import sessions, tokens
from marketplace.analytics import supply
from marketplace.broadcasts import sending as broadcasts
from marketplace.casework import service as casework
from marketplace.contracts import steps as contract_steps
from marketplace.contracts import surveys
from marketplace.db import transaction
from marketplace.events import inviting, reminding, surveying
from marketplace.files import service as files
from marketplace.files import texts
from marketplace.finding import alerts, arrivals, hits, record, term_sheets, terms
from marketplace.introductions import answering, from_tables, suggesting
from marketplace.introductions import service as introductions
from marketplace.listings import documents as listing_documents
from marketplace.listings import import_jobs, sharing, translations
from marketplace.listings import service as listings
from marketplace.matching import embedding
from marketplace.messaging import digests, guarding, inbox, letters, mail, park_letters
from marketplace.organisations import service as organisations
from marketplace.outbox import Handler
from marketplace.privacy import leaving, retention
from marketplace.privacy import service as privacy
from marketplace.ratings import following, thanks
from marketplace.refining import service as refining
from marketplace.refining import timers as refinement_timers
from marketplace.requests_desk import service as requests_desk
from marketplace.requests_desk import timers as request_timers
from marketplace.seating import talking
from marketplace.seating import working as seating
from marketplace.suppliers import renewing
from marketplace.suppliers import service as suppliers
from marketplace.surveys import asking
from marketplace.timers import Timer
from marketplace.training import telling as training
from marketplace.webhooks import facts, sending
from marketplace.webhooks import service as webhooks


def table() -> dict[str, dict[str, Handler]]:
    """topic -> {subscriber: handler}; a handler gets the ids of the subjects and re-reads their rows."""
    return {
        "import.requested": {"advance": import_jobs.advance},
        "introduction.changed": {"tasks": casework.follow, "meetings": casework.link, "who answers": answering.count,
                                 "webhooks": facts.of_introductions},
        "listing.changed": {"suggestions": suggesting.note_changed, "index": index_and_mark,
                            "webhooks": facts.of_listings},
        "listing.withdrawn": {
            "close introductions": introductions.close_withdrawn, "end refinements": refining.end_withdrawn,
        },
        "message.written": {"webhooks": facts.of_messages},
        "event.invited": {"notices": inviting.tell},
        "webhook.due": {"senders": sending.wake},
        "mail.queued": {"post": mail.deliver},
        "user.registered": {"mail": letters.confirm_address},
        "user.reset_requested": {"mail": letters.reset_password},
        "seating.asked": {"tables": seating.advance},
        "talks.asked": {"talks": talking.advance},
        "token.ending": {"notices": letters.token_ending},
        "identity.joined": {"mail": letters.identity_joined},
        "organisation.domain": {"notices": letters.domain_stated},
        "user.invited": {"mail": letters.welcome},
        "user.new_device": {"mail": guarding.new_device},
        "user.second_factor": {"mail": guarding.second_factor_changed},
        "user.codes_refused": {"mail": guarding.codes_refused},
        "passkey.added": {"mail": guarding.passkey_added},
        "organisation.registered": {"notices": letters.organisation_registered},
        "organisation.decided": {"notices": letters.organisation_decided},
        "organisation.steward": {"notices": letters.steward_chosen},
        "organisation.invited": {"mail": letters.invited_to_organisation},
        "organisation.mailbox": {"mail": letters.confirm_mailbox},
        "organisation.joined": {"notices": letters.member_joined},
        "training.changed": {"notices": training.session_changed},
        "certificate.recorded": {"notices": training.certificate_recorded},
        "park.member": {"notices": park_letters.member_added},
        "park.partner": {"notices": park_letters.partner},
        "vectors.due": {"embedder": embedding.fill},
        "translation.due": {"translator": translations.fill},
        "terms.changed": {"synonyms": terms.tell_engine},
        "export.requested": {"copy": privacy.make},
        "edition.over": {"thanks": thanks.send},
        "rating.mutual": {"introductions": from_tables.open_or_advance},
        "file.added": {"text": texts.read},
        "file.read": {"index of its listing": sharing.tell_of_texts},
        "organisation.changed": {"index of its listings": index_of_organisations},
    }


def findables() -> tuple[index.Findable, ...]:
    """Every index: what the worker rebuilds and `yinqiao search` looks after."""
    return (terms.LISTINGS,)


def timers() -> tuple[Timer, ...]:
    """What happens every so often, with no fact that causes it."""
    return (
        Timer("seal the audit log", timedelta(seconds=10), sealing.seal_all),
        Timer("head of the audit log", timedelta(hours=24), sealing.tell_head),
        Timer("sessions that are over", timedelta(hours=12), sessions.forget_over),
        Timer("forget old imports", timedelta(hours=12), import_jobs.forget_old),
        Timer("terms of listings", timedelta(hours=1), listings.expire_due),
        Timer("forget old imports of terms", timedelta(hours=24), term_sheets.forget_old),
        Timer("missing translations", timedelta(minutes=10), translations.mark_some),
        Timer("files nobody refers to", timedelta(hours=24), files.sweep),
        Timer("files whose text is not read", timedelta(hours=1), sharing.read_files),
        Timer("overdue tasks", timedelta(minutes=30), casework.remind),
        Timer("a clock that was set back", timedelta(minutes=1), take_up),
        Timer("steps of contracts", timedelta(minutes=15), contract_steps.remind),
        Timer("surveys before events", timedelta(minutes=1), surveying.look_after),
        Timer("surveys not answered", timedelta(minutes=30), asking.remind),
        Timer("editions that are over", timedelta(minutes=10), following.note_over),
        Timer("talks that nobody has rated", timedelta(hours=1), following.remind),
        Timer("talks half a year on", timedelta(hours=1), following.ask_again),
        Timer("agreements without a case", timedelta(hours=24), following.look_again),
        Timer("outcome surveys", timedelta(hours=1), surveys.run),
        Timer("introductions", timedelta(minutes=15), introductions.run_timers),
        Timer("reminders of events", timedelta(minutes=15), reminding.run),
        Timer("needs being refined", timedelta(minutes=30), refinement_timers.remind),
        Timer("requests to parks and authorities", timedelta(minutes=15), request_timers.run),
        Timer("years in supplier libraries", timedelta(hours=6), renewing.run),
        Timer("who answers", timedelta(hours=24), answering.count_overdue),
        Timer("counts of rates", timedelta(hours=1), rates.forget),
        Timer("tokens that end soon", timedelta(hours=6), tokens.look_after),
        Timer("embedder", timedelta(minutes=1), embedding.look_after),
        Timer("suggestions", timedelta(seconds=10), suggesting.suggest_due),
        Timer("how well listings are met", timedelta(seconds=10), supply.score_some),
        Timer("saved searches", timedelta(seconds=10), alerts.run),
        Timer("certificates that end soon", timedelta(hours=12), training.run),
        Timer("broadcasts", broadcasts.INTERVAL, broadcasts.run),
        Timer("collected notices", timedelta(seconds=10), digests.run),
        Timer("forget old notices", timedelta(hours=24), inbox.forget),
        Timer("record of searches", timedelta(minutes=2), record.tidy),
        Timer("accounts to be deleted", timedelta(minutes=10), leaving.run),
        Timer("what is kept of people", timedelta(hours=1), retention.apply),
        Timer("webhooks", timedelta(seconds=10), sending.wake),
        Timer("forget old deliveries", timedelta(hours=24), webhooks.forget_old),
        Timer("forget old news", timedelta(hours=24), hits.forget),
    )


def release_claims() -> None:
    """Give back what a dead worker had claimed. Only for a worker that is known to be alone."""
    outbox.release_claims()
    sending.release_claims()


def take_up() -> None:
    """After the clock was set back: nothing waits for the time it said before."""
    outbox.take_up()
    sending.take_up()
    alerts.take_up()
    embedding.take_up()


def close() -> None:
    """The worker ends: what its own threads have in hand is finished."""
    sending.stop()


def sights() -> dict[str, digests.Sight]:
    """First part of a page's address -> which of the pages beneath a person may see now: what a mail of collected
    notices must not tell is told by nobody any more."""
    return {
        "introductions": introductions.visible_refs,
        "listings": listings.visible_refs,
        "organisations": organisations.visible_slugs,
        "requests": requests_desk.visible_refs,
        "suppliers": suppliers.visible_refs,
        "surveys": asking.visible_numbers,
        "desk": lambda person, pages: pages if person.is_reviewer else (),
        "operator": lambda person, pages: pages if person.is_operator else (),
    }


def index_and_mark(ids: list[int]) -> None:
    """The index first: what can be found in it has arrived. A listing whose words have changed then waits for its
    vector, and for the words it lacks in the other language; both lead here again."""
    index.keep(terms.LISTINGS)(ids)
    arrivals.note(ids)
    embedding.mark(ids)
    translations.mark(ids)


def index_of_organisations(ids: list[int]) -> None:
    """An organisation's name and kind stand in the documents of its listings. They are promised to the index as any
    change of theirs is, so that two workers never write one listing in the wrong order."""
    for batch in index.batches(listing_documents.of_organisations(ids)):
        with transaction():
            outbox.publish("listing.changed", *batch)
