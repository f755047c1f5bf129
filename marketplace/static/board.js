// Cards of a board: dragged to another column, or moved with ] and [; each presses a button that the card has anyway.
import { announce } from "./announce.js";
export function watchBoard(board) {
  let carried;
  const stage = (inside) => Number(inside.closest("[data-stage]").dataset.stage);
  const move = (card, fits) => {
    const way = [...card.querySelectorAll("[data-to]")].find((button) => fits(Number(button.dataset.to)));
    return way ? way.form.requestSubmit(way) : announce(board.dataset.board);
  };
  board.addEventListener("dragstart", (event) => { carried = event.target.closest("li"); });
  board.addEventListener("dragover", (event) => carried && event.target.closest("[data-stage]") && event.preventDefault());
  board.addEventListener("drop", (event) => {
    event.preventDefault();
    const to = stage(event.target);
    if (to !== stage(carried)) move(carried, (target) => target === to);
  });
  board.addEventListener("keydown", ({ key, target }) => {
    const card = target.closest("li");
    if (card && (key === "]" || key === "[")) move(card, (to) => (key === "]" ? to > stage(card) : to < stage(card)));
  });
}
