// Says something to those who listen to the page instead of looking at it. The place is there before the words are.
const place = Object.assign(document.createElement("p"), { className: "visually-hidden", role: "status" });
document.body.append(place);
export function announce(text) { place.textContent = text; }
