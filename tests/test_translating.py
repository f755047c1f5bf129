"""The port to a translator, against a server of our own that behaves and misbehaves."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from marketplace import config, translating
from marketplace.errors import Unavailable
from marketplace.translating import ANY, HttpTranslator, Refused

LANGUAGES = [{"code": "en", "targets": ["en", "zh-Hans"]}, {"code": "zh-Hans", "targets": ["en"]}]
KEY = "a-key-nobody-should-read"


class Server:
    """Answers as told: a list of (status, body) that is used up, then what LibreTranslate would say."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        self.languages: object = LANGUAGES
        self.asked: list[dict] = []

    def answer(self, path: str, body: dict | None) -> tuple[int, object]:
        if path == "/languages":
            return 200, self.languages
        self.asked.append(body or {})
        if self.answers:
            return self.answers.pop(0)
        return 200, {"translatedText": [f"[{body['target']}] {text}" for text in body["q"]]}


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            sent = json.loads(self.rfile.read(length)) if length else None
            status, body = told.answer(self.path, sent)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        told.url = f"http://127.0.0.1:{http.server_port}"
        yield told
        http.shutdown()


@pytest.fixture
def translator(server: Server) -> HttpTranslator:
    return HttpTranslator(server.url, KEY, timeout=3, back_off=0.01)


def test_texts_come_back_in_their_order_and_empty_ones_stay_empty(translator, server):
    assert translator.translate(["电池", "", "隔膜"], "zh", "en") == ["[en] 电池", "", "[en] 隔膜"]
    assert server.asked == [
        {"q": ["电池", "隔膜"], "source": "zh-Hans", "target": "en", "format": "text", "api_key": KEY}
    ]
    assert translator.translate(["", " "], "zh", "en") == ["", ""]
    assert translator.translate(["Batterie"], ANY, "zh") == ["[zh-Hans] Batterie"]


def test_language_the_server_lacks_is_named_with_those_it_has(translator, server):
    server.languages = [{"code": "en", "targets": ["de"]}, {"code": "de"}]
    with pytest.raises(Unavailable, match="does not translate from zh to en; it knows: de, en"):
        translator.translate(["电池"], "zh", "en")
    server.languages = LANGUAGES
    assert translator.translate(["电池"], "zh", "en") == ["[en] 电池"]


def test_busy_or_stumbling_server_is_asked_again(translator, server):
    server.answers = [(429, {"error": "slow down"}), (503, b"")]
    assert translator.translate(["电池"], "zh", "en") == ["[en] 电池"]
    assert len(server.asked) == 3


def test_server_that_stays_down_or_is_none_of_the_kind_is_unavailable(translator, server):
    for answers, said in (
        ([(500, b"oops")] * 3, "answered 500: oops"), ([(200, b"<!doctype html><h1>Login</h1>")], "else than JSON"),
        ([(403, {"error": f"Invalid key {KEY}"})], "answered 403"), ([(302, b"")], "answered 302"),
    ):
        server.answers = list(answers)
        with pytest.raises(Unavailable, match=said) as problem:
            translator.translate(["电池"], "zh", "en")
        assert KEY not in str(problem.value)
    with pytest.raises(Unavailable, match="cannot be reached"):
        HttpTranslator("http://127.0.0.1:1", timeout=1, back_off=0.01).translate(["x"], "en", "zh")


def test_answer_that_cannot_be_of_these_texts_is_refused(translator, server):
    for answer, said in (
        ({"translatedText": ["one"]}, "2 texts and gives back 1"), ({"translatedText": "one"}, "no list of texts"),
        ({"translatedText": ["a", 7]}, "no list of texts"), ([], "no list of texts"),
        ({"translatedText": ["a", ""]}, "makes 0 characters"), ({"translatedText": ["a" * 900, "b"]}, "makes 900"),
    ):
        server.answers = [(200, answer)]
        with pytest.raises(Refused, match=said):
            translator.translate(["电池", "隔膜"], "zh", "en")
    server.answers = [(413, b"too long")]
    with pytest.raises(Refused, match="413: too long"):
        translator.translate(["电池"], "zh", "en")


def test_list_of_languages_that_is_none_is_told(server):
    for languages in ({"error": "x"}, [1, 2], "down"):
        server.languages = languages
        with pytest.raises(Unavailable, match="no list of languages"):
            HttpTranslator(server.url).translate(["x"], "en", "zh")


def test_key_is_in_no_representation_and_no_log_line(server, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    settings = config.read({"YINQIAO_VAR": str(tmp_path), "TRANSLATOR": "http", "TRANSLATOR_URL": server.url,
                            "TRANSLATOR_KEY": KEY})
    translating.bind(settings.translator)
    try:
        assert translating.is_on()
        assert translating.translator().translate(["电池"], "zh", "en") == ["[en] 电池"]
        assert KEY not in repr(settings) + repr(translating.translator()) + caplog.text
    finally:
        translating.bind(config.TranslatorSettings())
    assert not translating.is_on()


@pytest.mark.parametrize(("name", "value"), [
    ("TRANSLATOR", "deepl"), ("TRANSLATOR_URL", ""), ("TRANSLATOR_URL", "127.0.0.1:5000"),
])
def test_wrong_setting_stops_the_start_and_names_itself(tmp_path, name, value):
    given = {"YINQIAO_VAR": str(tmp_path), "TRANSLATOR": "http", "TRANSLATOR_URL": "http://127.0.0.1:5000"}
    with pytest.raises(config.WrongSetting, match=f"^{name}="):
        config.read({**given, name: value})
