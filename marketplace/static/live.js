// Search results that follow the typing: the same address is asked for, and its #results and #facets take the old ones' place.
import { announce } from "./announce.js";
const PARTS = ["results", "facets"];

export function searchWhileTyping(form) {
  let waiting, request;
  findAmongMany();
  const search = async (pressed) => {
    request?.abort();
    request = new AbortController();
    const address = new URL(form.getAttribute("action") ?? "", location.href);
    address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== "")).toString();
    if (address.href === location.href) return;
    document.getElementById("results")?.classList.add("busy");
    try {
      const response = await fetch(address, { signal: request.signal, headers: pressed ? {} : { "X-Typing": "1" } });
      if (!response.ok) throw new Error(response.status);
      replace(new DOMParser().parseFromString(await response.text(), "text/html"));
      history.replaceState(null, "", address);
    } catch (problem) {
      if (problem.name !== "AbortError") document.getElementById("results")?.classList.remove("busy");
    }
  };
  const soon = ({ isComposing, type }) => { clearTimeout(waiting); if (!isComposing) waiting = setTimeout(search, type === "change" ? 0 : 150); };
  ["input", "compositionend"].forEach((when) => form.addEventListener(when, soon));
  form.addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("formaction")) return; // to the page where the search is saved
    event.preventDefault();
    clearTimeout(waiting);
    document.querySelectorAll(".facets-fold").forEach((sheet) => { sheet.open = false; });
    search(true);
  });
  // Facets belong to the form by their form attribute; their events do not pass through it.
  document.addEventListener("change", (event) => event.target.form === form && event.target.type !== "search" && soon(event));
}

// A field that finds a name among many choices; what lies around a name that fits stays with it.
function findAmongMany() {
  document.querySelectorAll("[data-find]").forEach((group) => {
    const field = Object.assign(document.createElement("input"), { type: "text", className: "form-control", placeholder: group.dataset.find, ariaLabel: group.dataset.find });
    field.addEventListener("input", () => {
      const text = field.value.trim().toLowerCase();
      group.querySelectorAll("details").forEach((within) => { within.open ||= text !== ""; });
      group.querySelectorAll(".branch, :not(.branch) > .form-check").forEach((one) => { one.hidden = !one.textContent.toLowerCase().includes(text); });
    });
    group.querySelector("legend").after(field);
  });
}

function replace(page) {
  const { id, name, value } = document.activeElement ?? {};
  const scrolled = document.querySelector(".facets")?.scrollTop;
  const inside = PARTS.some((part) => document.getElementById(part)?.contains(document.activeElement));
  for (const part of PARTS) {
    const old = document.getElementById(part), fresh = page.getElementById(part);
    if (!old || !fresh) continue;
    const open = new Set([...old.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
    old.replaceWith(fresh);
    fresh.querySelectorAll("details > summary").forEach((s) => { if (open.has(s.textContent)) s.parentElement.open = true; });
  }
  if (scrolled) document.querySelector(".facets")?.scrollTo(0, scrolled);
  findAmongMany();
  document.title = page.title;
  announce(document.querySelector("#results [data-count], #results h1, #results h2")?.textContent ?? "");
  const again = document.getElementById(id) ?? [...document.getElementsByName(name)].find((field) => field.value === value);
  if (inside) again?.focus({ preventScroll: true });
}
