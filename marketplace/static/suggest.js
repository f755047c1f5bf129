// Suggestions below a search field, after the ARIA pattern of an editable combobox with a list box.
import { announce } from "./announce.js";

let count = 0;

export function suggest(input) {
  const list = document.createElement("ul");
  Object.assign(list, { id: `suggestions-${++count}`, className: "suggestions", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent ?? "");
  input.after(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id, autocomplete: "off",
  })) input.setAttribute(name, value);

  let waiting, request, chosen = -1;

  const close = () => {
    clearTimeout(waiting);
    request?.abort();
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    const items = [...list.children];
    chosen = index < -1 ? items.length - 1 : index >= items.length ? -1 : index;
    items.forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    if (chosen < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", items[chosen].id);
  };

  const take = (item) => {
    input.value = item.textContent;
    close();
    input.form?.requestSubmit();
  };

  const show = (suggestions) => {
    list.replaceChildren(...suggestions.map(({ text }, i) => {
      const item = document.createElement("li");
      Object.assign(item, { id: `${list.id}-${i}`, textContent: text });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    }));
    chosen = -1;
    list.hidden = suggestions.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    const { found, nothing } = document.body.dataset;
    announce(suggestions.length ? found.replace("{n}", suggestions.length) : nothing);
  };

  const ask = async () => {
    const text = input.value.trim();
    if (!text) return close();
    request?.abort();
    request = new AbortController();
    const address = new URL(input.dataset.suggest, location.href);
    address.searchParams.set("q", text);
    try {
      const response = await fetch(address, { signal: request.signal, headers: { Accept: "application/json" } });
      if (response.ok && document.activeElement === input) show((await response.json()).suggestions ?? []);
    } catch {
      // Left before the answer came, or no network: the field works without suggestions.
    }
  };

  input.addEventListener("input", (event) => {
    clearTimeout(waiting);
    if (!event.isComposing) waiting = setTimeout(ask, 120);
  });
  input.addEventListener("compositionend", () => { waiting = setTimeout(ask, 120); });
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" && chosen >= 0) take(list.children[chosen]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const item = event.target.closest("li");
    if (item) take(item);
  });
}
