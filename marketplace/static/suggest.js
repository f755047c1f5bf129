// Suggestions below a search field, group by group, after the ARIA pattern of an editable combobox with a list box.
import { announce } from "./announce.js";
let count = 0;
const made = (tag, role, more) => Object.assign(document.createElement(tag), { role, ...more });

export function suggest(input) {
  const list = made("ul", "listbox", { id: `suggestions-${++count}`, className: "suggestions", hidden: true, ariaLabel: input.labels?.[0]?.textContent ?? "" });
  input.after(list);
  Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false", autocomplete: "off" });
  input.setAttribute("aria-controls", list.id);
  let waiting, request, chosen = -1, options = [];
  const close = () => {
    clearTimeout(waiting);
    request?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  };
  const choose = (index) => {
    chosen = index < -1 ? options.length - 1 : index >= options.length ? -1 : index;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
    if (chosen < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  };

  // A term is searched for where the field stands; a listing and an organisation open.
  const take = ({ dataset, textContent }) => {
    if (dataset.group !== "term") return location.assign(dataset.url);
    input.value = textContent;
    input.form?.requestSubmit();
  };
  const show = (suggestions) => {
    const groups = {};
    options = suggestions.map(({ text, group, url }, i) => {
      const option = made("div", "option", { id: `${list.id}-${i}`, textContent: text });
      Object.assign(option.dataset, { group, url });
      (groups[group] ??= made("li", "group", { ariaLabel: document.body.dataset[group] })).append(option);
      return option;
    });
    list.replaceChildren(...Object.values(groups));
    choose(-1);
    list.hidden = !options.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const { found, nothing } = document.body.dataset;
    announce(options.length ? found.replace("{n}", options.length) : nothing);
  };
  const ask = async () => {
    const text = input.value.trim();
    if (!text) return close();
    request?.abort();
    request = new AbortController();
    try {
      const response = await fetch(`${input.dataset.suggest}?${new URLSearchParams({ q: text })}`, { signal: request.signal });
      if (response.ok && document.activeElement === input) show((await response.json()).suggestions);
    } catch { /* Left before the answer came, or no network: the field works without suggestions. */ }
  };
  const soon = ({ isComposing }) => { clearTimeout(waiting); if (!isComposing) waiting = setTimeout(ask, 120); };
  ["input", "compositionend"].forEach((when) => input.addEventListener(when, soon));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const act = { ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1), Enter: () => take(options[chosen]), Escape: close }[event.key];
    if (!act || event.isComposing || (event.key === "Enter" && chosen < 0)) return;
    if (!list.hidden) act();
    else if (event.key === "ArrowDown") ask();
    else return;
    event.preventDefault();
  });
  input.form?.addEventListener("submit", close);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", ({ target }) => target.closest("[role=option]") && take(target.closest("[role=option]")));
}
