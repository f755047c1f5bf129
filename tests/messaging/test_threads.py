import pytest

from marketplace.errors import Invalid
from marketplace.messaging import service
from marketplace.messaging.models import Audience


def bodies(thread, *audiences):
    return [message.body for message in service.messages(thread, audiences)]


def test_a_subject_has_one_thread():
    assert service.thread_of("introduction", 7).id == service.thread_of("introduction", 7).id
    assert service.thread_of("introduction", 7).id != service.thread_of("introduction", 8).id


def test_each_reader_reads_only_what_is_for_them(alice, charlie, dana):
    thread = service.thread_of("introduction", 1)
    service.write(alice, thread, "Our cells are at TRL 6.", Audience.SUPPLY, side="supply")
    service.write(charlie, thread, "Who makes the salt?", Audience.DEMAND, side="demand")
    service.write(dana, thread, "Both look serious.", Audience.BROKERS)
    service.write(dana, thread, "Shall we meet on Friday?", Audience.ALL)
    assert bodies(thread, Audience.ALL, Audience.SUPPLY) == ["Our cells are at TRL 6.", "Shall we meet on Friday?"]
    assert bodies(thread, Audience.ALL, Audience.DEMAND) == ["Who makes the salt?", "Shall we meet on Friday?"]
    assert len(bodies(thread, *Audience)) == 4
    assert bodies(thread) == []


def test_an_empty_message_is_refused_and_a_long_one_too(alice):
    thread = service.thread_of("introduction", 1)
    for body in (" \n ", "x" * (service.LONGEST_MESSAGE + 1)):
        with pytest.raises(Invalid):
            service.write(alice, thread, body)


def test_the_marketplace_itself_may_note_something():
    thread = service.thread_of("introduction", 1)
    assert service.write(None, thread, "Contacts were released.").author is None
