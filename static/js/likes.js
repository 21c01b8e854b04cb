// Hearts: the form still works without this; with it nothing but the heart changes.

import { callApi, isSessionEnded, NetworkError } from "stemoteca/api";
import { closestElement, findElement, getElement } from "stemoteca/dom";

const PLAYING = '[data-playing="playing"], [data-playing="true"]'; // a player, or the mini player

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function toggle(form, button) {
  const liked = button.getAttribute("aria-pressed") === "true";
  show(button, !liked);
  say(form, "");
  let isEnded = false;
  try {
    const { like: address = "" } = form.dataset;
    const { ok, status, body } = await callApi(address, { method: liked ? "DELETE" : "PUT" });
    if (ok) return;
    isEnded = isSessionEnded(status, body.code);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
  show(button, liked);
  const { sessionEnded = "", notSaved = "" } = document.body.dataset;
  if (!isEnded) say(form, notSaved);
  else if (document.querySelector(PLAYING)) say(form, sessionEnded);
  else {
    form.dataset.plain = ""; // it leads through the sign-in page, and likes it then
    form.requestSubmit(button);
  }
}

/**
 * @param {HTMLFormElement} form
 * @param {string} sentence
 */
function say(form, sentence) {
  let line = findElement(form, "[role=status]", HTMLElement);
  if (!line) {
    line = document.createElement("span");
    line.role = "status";
    line.className = "like-status";
    form.append(line);
  }
  line.textContent = sentence;
}

/**
 * @param {HTMLButtonElement} button
 * @param {boolean} liked
 */
function show(button, liked) {
  button.setAttribute("aria-pressed", String(liked));
  button.value = liked ? "unlike" : "like";
}

document.addEventListener("submit", (event) => {
  const form = closestElement(event.target, "[data-like]");
  if (!(form instanceof HTMLFormElement) || "plain" in form.dataset) return;
  event.preventDefault();
  toggle(form, getElement(form, "button", HTMLButtonElement));
});
