// Hearts: the form still works without this; with it nothing but the heart changes.

import { csrfToken } from "stemoteca/session";

async function toggle(form, button) {
  const loved = button.getAttribute("aria-pressed") === "true";
  show(button, !loved);
  const address = `/api/v1/tracks/${form.dataset.like}/like/`;
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  try {
    const answer = await fetch(address, { method: loved ? "DELETE" : "PUT", headers });
    if (answer.ok) return;
  } catch {
    // offline: the form below lets the browser say so
  }
  // Signed out, most likely: the form itself leads through the sign-in page and does it then.
  show(button, loved);
  form.dataset.plain = "";
  form.requestSubmit(button);
}

function show(button, loved) {
  button.setAttribute("aria-pressed", loved);
  button.value = loved ? "unlike" : "like";
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-like]");
  if (!form || "plain" in form.dataset) return;
  event.preventDefault();
  toggle(form, form.querySelector("button"));
});
