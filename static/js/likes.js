// Hearts: the form still works without this; with it nothing but the heart changes.

import { callApi, NetworkError } from "stemoteca/api";
import { closestElement, getElement } from "stemoteca/dom";

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement} button
 */
async function toggle(form, button) {
  const liked = button.getAttribute("aria-pressed") === "true";
  show(button, !liked);
  try {
    const { like: address = "" } = form.dataset;
    if ((await callApi(address, { method: liked ? "DELETE" : "PUT" })).ok) return;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
  // Offline, or signed out: the browser says so, or the form leads through the sign-in page and likes it then.
  show(button, liked);
  form.dataset.plain = "";
  form.requestSubmit(button);
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
