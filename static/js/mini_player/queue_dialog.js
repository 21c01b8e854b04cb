// The list of what is played next: move songs, remove them, clear it.

import { findElement, getElement } from "stemoteca/dom";
import { interpolate } from "stemoteca/formatting";

/** @typedef {import("stemoteca/mini_player/queue").Queue} Queue */

/**
 * Bring the dialog to life.
 * @param {HTMLDialogElement} dialog
 * @param {Queue} queue
 */
export function offerQueue(dialog, queue) {
  const list = getElement(dialog, "[data-queue-list]", HTMLElement);
  const empty = getElement(dialog, "[data-queue-empty]", HTMLElement);
  const clear = getElement(dialog, '[data-do="clear"]', HTMLButtonElement);
  const close = getElement(dialog, '[data-do="hide"]', HTMLButtonElement);
  const template = getElement(dialog, "template", HTMLTemplateElement);

  const show = () => {
    list.replaceChildren(
      ...queue.songs.map((song, index) => {
        const row = getElement(document.importNode(template.content, true), "li", HTMLElement);
        row.dataset.track = song.track;
        const link = getElement(row, "a", HTMLAnchorElement);
        link.href = song.address;
        link.textContent = song.title;
        getElement(row, "[data-artist]", HTMLElement).textContent = song.artist;
        for (const button of row.querySelectorAll("button")) {
          button.setAttribute("aria-label", interpolate(button.dataset.label ?? "", { title: song.title }));
        }
        getElement(row, '[data-do="up"]', HTMLButtonElement).disabled = index === 0;
        getElement(row, '[data-do="down"]', HTMLButtonElement).disabled = index === queue.songs.length - 1;
        return row;
      }),
    );
    empty.hidden = queue.songs.length > 0;
    clear.hidden = queue.songs.length === 0;
  };

  list.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("button") : null;
    const row = button?.closest("li");
    if (!button || !row) return;
    const { track = "" } = row.dataset;
    const index = [...list.children].indexOf(row);
    const action = button.dataset.do ?? "";
    if (action === "remove") queue.remove(track);
    else queue.move(track, action === "up" ? -1 : 1);
    // The rows are new: the focus goes where it was, or to what is closest.
    const moved = action === "remove" ? list.children[Math.min(index, list.children.length - 1)] : null;
    const near =
      moved ?? [...list.children].find((each) => each instanceof HTMLElement && each.dataset.track === track);
    const next = near && findElement(near, `[data-do="${action}"]:not(:disabled)`, HTMLButtonElement);
    (next ?? (near && findElement(near, "button:not(:disabled)", HTMLButtonElement)) ?? close).focus();
  });
  list.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest("a")) dialog.close();
  });
  clear.addEventListener("click", () => {
    queue.clear();
    close.focus();
  });
  close.addEventListener("click", () => dialog.close());
  queue.addEventListener("change", show);
  show();
}
