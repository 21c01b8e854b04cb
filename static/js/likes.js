// Hearts: they work as buttons of the page's form without this; with it nothing but the heart changes.

import { callApi, isSessionEnded, NetworkError } from "stemoteca/api";
import { closestElement, findElement, getElement } from "stemoteca/dom";
import { fillAddress } from "stemoteca/formatting";

const PLAYING = '[data-playing="playing"], [data-playing="true"]'; // a player, or the mini player

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} heart around the button
 */
async function toggle(form, button, heart) {
  const liked = button.getAttribute("aria-pressed") === "true";
  show(button, !liked);
  say(heart, "");
  let isEnded = false;
  try {
    const address = fillAddress(form.dataset.likeAddress ?? "", button.value);
    const { ok, status, body } = await callApi(address, { method: liked ? "DELETE" : "PUT" });
    if (ok) return;
    isEnded = isSessionEnded(status, body.code);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
  show(button, liked);
  const { sessionEnded = "", notSaved = "" } = document.body.dataset;
  if (!isEnded) say(heart, notSaved);
  else if (document.querySelector(PLAYING)) say(heart, sessionEnded);
  else {
    getElement(form, "[name=next]", HTMLInputElement).value = location.pathname + location.search;
    heart.dataset.plain = ""; // the form leads through the sign-in page, and likes it then
    form.requestSubmit(button);
  }
}

/**
 * @param {HTMLElement} heart
 * @param {string} sentence
 */
function say(heart, sentence) {
  let line = findElement(heart, "[role=status]", HTMLElement);
  if (!line) {
    line = document.createElement("span");
    line.role = "status";
    line.className = "like-status";
    heart.append(line);
  }
  line.textContent = sentence;
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} liked
 */
function show(button, liked) {
  button.setAttribute("aria-pressed", String(liked));
  button.name = liked ? "unlike" : "like";
}

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  const heart = closestElement(button, ".like");
  if (!heart || "plain" in heart.dataset) return;
  if (!(form instanceof HTMLFormElement && button instanceof HTMLButtonElement)) return;
  event.preventDefault();
  toggle(form, button, heart);
});
