// Everything here makes a page quicker; nothing here is needed to use it.
import { announce } from "./announce.js";
import { watchBoard } from "./board.js";
import { watchForms } from "./forms.js";
import { watchKeys } from "./keys.js";
import { searchWhileTyping } from "./live.js";
import { poll } from "./poll.js";
import { suggest } from "./suggest.js";
watchKeys();
watchForms(document);
document.querySelectorAll("form[data-live]").forEach(searchWhileTyping);
document.querySelectorAll("input[data-suggest]").forEach(suggest);
document.querySelectorAll("[data-poll]").forEach(poll);
document.querySelectorAll("[data-board]").forEach(watchBoard);
setTimeout(() => announce([...document.querySelectorAll(".flash")].map((flash) => flash.textContent.trim()).join(" ")), 100);
