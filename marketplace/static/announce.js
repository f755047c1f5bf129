// Says something to those who listen to the page instead of looking at it.
let place;
export function announce(text) {
  if (!place) {
    place = document.createElement("p");
    place.className = "visually-hidden";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}
