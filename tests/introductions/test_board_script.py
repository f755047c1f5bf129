"""What the script adds to the board, in a real browser whose every request is answered in this process."""

from __future__ import annotations

import re

import pytest
from case_entries import entries
from running import CHROMIUM, HOW_TO_GET_CHROMIUM, chromium

from marketplace.introductions import service
from marketplace.introductions.models import Stage

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason=HOW_TO_GET_CHROMIUM)]
pytest_plugins = ["introductions.case_cast"]
HERE = "http://yinqiao.test"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture
def board(browser, signed_in, dana, interest):
    """board() -> dana's board in a browser, with her only case at stage 1, which she has taken."""
    service.move(dana, interest, "take")
    client = signed_in(dana)
    context = browser.new_context(base_url=HERE, locale="en-GB", viewport={"width": 1800, "height": 900})
    page = context.new_page()
    page.told = []

    def answer(route):
        request = route.request
        found = client.open(request.url.removeprefix(HERE), method=request.method, data=request.post_data_buffer,
                            buffered=True, content_type=request.headers.get("content-type"))
        if found.location:  # the browser would follow it past us
            body = f'<meta http-equiv="refresh" content="0;url={found.location}">'
            return route.fulfill(content_type="text/html", body=body)
        return route.fulfill(status=found.status_code, headers=dict(found.headers), body=found.data)

    page.route("**/*", answer)
    page.on("pageerror", lambda error: page.told.append(str(error)))
    page.goto("/desk/board?broker=me")
    yield page
    assert page.told == []
    context.close()


def test_a_card_is_moved_on_by_key_to_the_form_of_its_move_and_comes_back(board, dana, interest):
    board.keyboard.press("j")
    assert interest.ref == board.evaluate("document.activeElement.id")
    board.keyboard.press("]")
    board.wait_for_url(re.compile(rf"/introductions/{interest.ref}/moves/qualify\?back="))
    for item in entries("qualify")["checklist"]:
        board.check(f"input[value={item}]")
    board.locator("main form button[type=submit]:visible").click()
    board.wait_for_url(re.compile(rf"/desk/board\?broker=me#{interest.ref}$"))
    assert board.locator(f"[data-stage='2'] #{interest.ref}").count() == 1
    assert board.evaluate("document.activeElement.id") == interest.ref, "the hand is where it was"
    assert service.get(dana, interest.ref).stage is Stage.QUALIFIED


def test_what_happened_is_told_to_those_who_listen(board, interest):
    board.locator("summary", has_text="Move").last.click()
    board.get_by_role("button", name="Put on hold").click()
    board.wait_for_url(re.compile(r"/moves/hold\?back="))
    board.goto("/desk/board?broker=me")
    board.keyboard.press("j")
    board.keyboard.press("[")
    board.wait_for_url(re.compile(r"/moves/back\?back="))
    board.fill("textarea[name=note]", "They only asked.")
    board.locator("main form button[type=submit]:visible").click()
    board.wait_for_url("**/desk/board*")
    board.locator("[role=status].visually-hidden", has_text="done").wait_for(state="attached")


def test_a_card_is_dragged_to_the_next_column(board, interest):
    board.drag_and_drop(f"#{interest.ref}", "[data-stage='2']")
    board.wait_for_url(re.compile(rf"/introductions/{interest.ref}/moves/qualify\?back="))


def test_a_column_that_no_move_leads_to_says_so(board, interest):
    board.drag_and_drop(f"#{interest.ref}", "[data-stage='7']")
    board.locator("[role=status]", has_text="No move leads there").wait_for(state="attached")
    assert board.url.endswith("/desk/board?broker=me")


def test_without_a_script_each_card_has_its_buttons(signed_in, dana, interest):
    service.move(dana, interest, "take")
    shown = signed_in(dana).get("/desk/board").get_data(as_text=True)
    assert re.search(r'<button[^>]*name="key" value="qualify"[^>]*>', shown)


def test_n_leads_on_from_the_desk_and_m_makes_the_main_move(board, interest):
    board.goto("/desk")
    board.keyboard.press("n")
    board.wait_for_url(f"**/introductions/{interest.ref}")
    board.keyboard.press("m")
    board.wait_for_url("**/moves/qualify*")
