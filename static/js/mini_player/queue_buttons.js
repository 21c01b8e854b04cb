// "Play next" and "Add to queue", wherever they are. What they need is loaded when somebody uses it.

import { closestElement, findElement, getElement } from "stemoteca/dom";
import { QUEUE, queueFrom } from "stemoteca/mini_player/queue";
import { readStored } from "stemoteca/storage";

async function load() {
  const { miniPlayer } = await import("stemoteca/mini_player/mini_player");
  return miniPlayer;
}

/**
 * Fill the menu of a song, which lists carry empty.
 * @param {HTMLElement} summary
 */
function fill(summary) {
  if (summary.nextElementSibling) return;
  summary.after(getElement(document, "template[data-queue-menu]", HTMLTemplateElement).content.cloneNode(true));
}

document.addEventListener("click", (event) => {
  const summary = closestElement(event.target, ".queue-menu > summary");
  if (summary) fill(summary);
});

document.addEventListener("click", async (event) => {
  const button = closestElement(event.target, "[data-queue]");
  const {
    queueSong: track,
    title = "",
    artist = "",
    address = "",
  } = closestElement(button, "[data-queue-song]")?.dataset ?? {};
  if (!button || !track) return;
  const menu = closestElement(button, "details");
  if (menu instanceof HTMLDetailsElement) menu.open = false;
  findElement(menu ?? document, "summary", HTMLElement)?.focus();
  (await load())?.add({ track, title, artist, address }, button.dataset.queue === "next");
});

if (queueFrom(readStored(QUEUE, "sessionStorage")).length && document.querySelector("[data-mini-player]")) load();
