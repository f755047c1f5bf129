// Everything here makes a page quicker; nothing here is needed to use it.
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
