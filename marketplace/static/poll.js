// Work that goes on elsewhere: an element with data-poll is asked for again until it comes with data-done;
// a data-done with an address goes there.
export function poll(element) {
  if ("done" in element.dataset) {
    if (element.dataset.done) location.replace(element.dataset.done);
    return;
  }
  let pause = 1000;
  const ask = async () => {
    try {
      const response = await fetch(element.dataset.poll);
      if (!response.ok) throw new Error(response.status);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = (element.id && page.getElementById(element.id)) || page.querySelector("[data-poll], [data-done]");
      if (fresh) {
        element.replaceWith(fresh);
        return poll(fresh);
      }
    } catch {
      pause = Math.min(pause * 2, 30000);
    }
    setTimeout(ask, pause);
  };
  setTimeout(ask, pause);
}
