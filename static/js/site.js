// Every page: menus that close, "/" goes to the search field, forms are sent with the CSRF token as it is now, and the
// way back to pages that were shown in one document.
// What the search field itself does is in search.js.

import { csrfToken } from "stemoteca/api";
import { closestElement, findElement, findElements, getElement } from "stemoteca/dom";
import "stemoteca/mini_player/queue_buttons";
import { followHistory } from "stemoteca/navigation/address";

const OPEN_MENU = "details.menu[open]";

document.addEventListener("keydown", (event) => {
  const typing = closestElement(event.target, "input, select, textarea, [contenteditable]");
  const searchField = findElement(document, "input[type=search]", HTMLInputElement);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && searchField) {
    event.preventDefault();
    searchField.focus();
    searchField.select();
  }
  if (event.key === "Escape") {
    const menu = findElement(document, OPEN_MENU, HTMLDetailsElement);
    if (menu) {
      menu.open = false;
      getElement(menu, "summary", HTMLElement).focus();
    }
  }
});

// Before anybody else hears of it: the page may be older than the last sign-in.
document.addEventListener(
  "submit",
  (event) => {
    if (!(event.target instanceof HTMLFormElement)) return;
    const field = findElement(event.target, "input[name=csrfmiddlewaretoken]", HTMLInputElement);
    const token = csrfToken();
    if (field && token) field.value = token;
  },
  { capture: true },
);

document.addEventListener("click", (event) => {
  for (const menu of findElements(document, OPEN_MENU, HTMLDetailsElement)) {
    if (!(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  }
});

addEventListener("popstate", followHistory);
