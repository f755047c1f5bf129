// Forms: sent once, not left by mistake, with a count of what still fits and complaints that name their field.
export function sendOnce(form) {
  const hold = (on) => [...form.elements].forEach((field) => { if (field.type === "submit") field.disabled = on; });
  const again = () => { delete form.dataset.sent; hold(false); [...form.elements].forEach((field) => field.removeAttribute("aria-busy")); };
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset) return event.preventDefault();
    form.dataset.sent = "";
    setTimeout(() => hold(true)); // after this turn, so that the pressed button's own name and value are still sent
    setTimeout(() => event.submitter?.setAttribute("aria-busy", "true"), 1000);
    setTimeout(again, 20000);
  });
  window.addEventListener("pageshow", (event) => event.persisted && again());
}

export function guard(form) {
  const state = () => new URLSearchParams([...new FormData(form)].map(([name, v]) => [name, v.name ?? v])).toString();
  const before = form.closest("main").querySelector(".problems") ? null : state();
  window.addEventListener("beforeunload", (event) => {
    if (!("sent" in form.dataset) && state() !== before) event.preventDefault();
  });
}

export function countDown(field) {
  const left = Object.assign(document.createElement("span"), { className: "left-over" });
  field.after(left);
  const count = () => {
    const length = [...field.value.trim()].length, most = Number(field.dataset.maximum);
    left.textContent = length > most * 0.5 ? `${length} / ${most}` : "";
    left.classList.toggle("over", length > most);
  };
  field.addEventListener("input", count);
  count();
}

export function explain(summary) {
  summary.querySelectorAll('a[href^="#f-"]').forEach((link) => {
    const field = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    const label = field?.labels?.[0] ?? field?.querySelector?.("legend");
    if (field) link.addEventListener("click", () => field.focus());
    if (!label || link.querySelector(".which")) return;
    link.prepend(Object.assign(document.createElement("span"), { className: "which", textContent: label.firstChild.textContent.trim().replace(/[？?]$/, "") }), " ");
  });
  summary.focus();
}
