// What to say when the session of this browser has ended.

import { getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";

/**
 * Say in `line` that the session has ended, with a link that signs in and comes back to this page.
 * @param {HTMLElement} line
 * @param {string} [target] of the link
 */
export function offerSignIn(line, target = "_self") {
  const link = document.createElement("a");
  const here = location.pathname + location.search;
  const { signIn } = getElement(document, "body", HTMLBodyElement).dataset;
  link.href = `${signIn}?${new URLSearchParams({ next: here })}`;
  link.target = target;
  link.textContent = message("signIn");
  line.replaceChildren(`${message("sessionEnded")} `, link);
}
