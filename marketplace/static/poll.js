// Work that goes on elsewhere: an element is asked for again until it comes with data-done; its address, if any, opens.
export function poll(element, pause = 1000) {
  if (element.dataset.done) location.replace(element.dataset.done);
  if ("done" in element.dataset) return;
  setTimeout(() => ask(element).then((fresh) => poll(fresh), () => poll(element, Math.min(pause * 2, 30000))), pause);
}

async function ask(element) {
  const response = await fetch(element.dataset.poll);
  if (!response.ok) throw new Error(response.status);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = (element.id && page.getElementById(element.id)) || page.querySelector("[data-poll], [data-done]");
  if (fresh) element.replaceWith(fresh);
  return fresh ?? element;
}
