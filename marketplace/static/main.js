// Everything here makes a page quicker; nothing here is needed to use it.
import { announce } from "./announce.js";
import { watchBoard } from "./board.js";
import { countDown, explain, guard, sendOnce } from "./forms.js";
import { watchKeys } from "./keys.js";
import { searchWhileTyping } from "./live.js";
import { offerPasskey } from "./passkey.js";
import { poll } from "./poll.js";
import { suggest } from "./suggest.js";
watchKeys();
for (const [which, watch] of Object.entries({
  "form[method=post i]": sendOnce, "form[data-guard]": guard, "[data-maximum]": countDown, ".problems": explain,
  "form[data-live]": searchWhileTyping, "input[data-suggest]": suggest, "[data-poll]": poll, "[data-board]": watchBoard,
  "[data-passkey]": offerPasskey,
})) document.querySelectorAll(which).forEach((one) => watch(one));
setTimeout(() => announce([...document.querySelectorAll(".flash")].map((flash) => flash.textContent.trim()).join(" ")), 100);
