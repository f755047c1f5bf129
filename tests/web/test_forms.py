"""A form that is refused comes back as it was sent, with the complaint beside the field."""

from __future__ import annotations

import pytest
from flask import render_template_string
from marshmallow import fields, validate

from marketplace.errors import Conflict, Invalid
from marketplace.phrases import Label, say
from marketplace.web import forms
from marketplace.web.payloads import Shape, Tags

PAGE = """{% from "_macros/forms.html" import form_start, form_end, field, area, choice, choices, flag, problems %}
{{ form_start(guard=True) }}{{ problems(errors) }}
{{ field("title", "Title", values, errors, required=True, hint="Short", maximum=5) }}
{{ area("text", "Text", values, errors) }}
{{ choice("kind", "Kind", values, errors, kinds) }}
{{ choices("modes", "Modes", values, errors, [("a", "A"), ("b", "B")]) }}
{{ flag("hidden", "Hidden", values, errors) }}
{{ form_end() }}"""


class Sample(Shape):
    title = fields.String(required=True, validate=validate.Length(max=5))
    text = fields.String()
    kind = fields.String()
    modes = fields.List(fields.String())
    keywords = Tags()
    hidden = fields.Boolean()


@pytest.fixture
def sent(app, monkeypatch):
    """sent(data, done) -> (status, page) of the sample form; without data, of the form as it is first shown."""
    monkeypatch.setattr(
        forms, "render_template",
        lambda _, **context: render_template_string(PAGE, kinds={"r": Label("成果", "Result")}, **context),
    )

    def send(data=None, done=lambda values: "done", language="en", **options):
        with app.test_request_context(f"/?lang={language}", method="GET" if data is None else "POST", data=data):
            answer = forms.form_page("sample.html", Sample(), done, **options)
            return (200, answer) if isinstance(answer, str) else (answer.status_code, answer.get_data(as_text=True))

    return send


def test_a_form_is_first_shown_with_what_is_known(sent):
    status, page = sent(initial={"title": "Pump", "modes": ["b"], "kind": "r"})
    assert status == 200
    assert 'value="Pump"' in page
    assert 'value="b" checked' in page
    assert '<option value="r" selected>Result</option>' in page


def test_what_was_entered_comes_back_with_the_complaint(sent):
    status, page = sent({"title": "far too long", "text": "\n<b>& more", "modes": ["a"], "hidden": "1", "kind": "r"})
    assert status == 422
    assert 'value="far too long"' in page
    assert "&lt;b&gt;&amp; more</textarea>" in page
    assert 'value="a" checked' in page
    assert 'name="hidden" value="1" checked' in page
    assert "At most 5 characters; this has more." in page


def test_a_complaint_is_tied_to_its_field_and_linked_from_the_top(sent):
    _, page = sent({"title": ""})
    assert 'href="#f-title"' in page
    assert 'id="f-title"' in page
    assert 'aria-invalid="true" aria-describedby="h-title e-title"' in page
    assert '<p class="complaint" id="e-title">This is needed.</p>' in page


def test_complaints_are_in_the_language_of_the_reader(sent):
    assert "此项必填。" in sent({"title": ""}, language="zh")[1]


def test_a_refusal_by_the_service_looks_the_same(sent):
    def taken(values):
        raise Invalid({"title": say("“{slug}” is taken.", slug=values["title"])})

    status, page = sent({"title": "Pump"}, taken)
    assert (status, 'value="Pump"' in page, "“Pump” is taken." in page) == (422, True, True)


def test_losing_a_race_keeps_what_was_entered(sent):
    def late(values):
        raise Conflict()

    status, page = sent({"title": "Pump"}, late)
    assert (status, 'value="Pump"' in page, "It has changed meanwhile" in page) == (409, True, True)


def test_a_form_that_is_in_order_is_done(sent):
    assert sent({"title": "Pump", "modes": ["a", "b"]}, lambda values: ",".join(values["modes"])) == (200, "a,b")


def test_a_long_text_is_counted_and_never_cut(sent):
    _, page = sent()
    assert 'data-maximum="5"' in page
    assert "maxlength" not in page


def test_every_form_carries_its_token(sent):
    assert 'name="csrf_token"' in sent()[1]
