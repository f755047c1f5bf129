// The keyboard: / search, j k along a list (Enter opens), m the main action, n the next case, ? help, Escape closes a menu.
export function watchKeys() {
  document.querySelectorAll(".ways [aria-current], .tabs [aria-current]").forEach((way) => way.scrollIntoView({ block: "nearest", inline: "center" }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return closeMenus(null);
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const act = { "/": toSearch, j: () => along(1), k: () => along(-1), m: () => inSight(".main-action .btn:not([data-key])")?.click(), n: () => inSight("[data-key=n]")?.click(), "?": () => location.assign("/help#keyboard") }[event.key];
    if (act) event.preventDefault();
    act?.();
  });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu, details.confirm")));
}

const inSight = (which) => [...document.querySelectorAll(`main ${which}`)].find((button) => button.offsetParent);
function toSearch() {
  const fields = [...document.querySelectorAll("input[type=search]")];
  const field = fields.find((f) => f.closest("main") && f.checkVisibility?.() !== false) ?? fields.find((f) => f.offsetParent);
  if (!field) return location.assign("/search");
  field.focus();
  field.select();
}

function along(step) {
  const links = [...document.querySelectorAll("[data-list] > li, [data-list] > tr")]
    .map((row) => row.querySelector("[data-open], .entry-title a, a[href]")).filter((link) => link?.offsetParent);
  const row = document.activeElement?.closest("[data-list] > li, [data-list] > tr");
  const here = links.findIndex((link) => row?.contains(link));
  links[Math.min(Math.max(here + step, 0), links.length - 1)]?.focus();
}

function closeMenus(except) {
  document.querySelectorAll("details.menu[open], details.confirm[open]").forEach((menu) => {
    if (menu === except) return;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
    menu.open = false;
  });
}
