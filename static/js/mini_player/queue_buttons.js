// "Play next" and "Add to queue", wherever they are. What they need is loaded when somebody uses it.

import { closestElement, findElement } from "stemoteca/dom";
import { QUEUE, queueFrom } from "stemoteca/mini_player/queue";
import { readStored } from "stemoteca/storage";

async function load() {
  const { miniPlayer } = await import("stemoteca/mini_player/mini_player");
  return miniPlayer;
}

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
