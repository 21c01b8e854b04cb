// Puts another page into this document: everything of it but the mini player, which stays.

import { findElements, getElement } from "stemoteca/dom";
import { takeMessages } from "stemoteca/messages";

const MAP = 'script[type="importmap"]';
const STYLES = 'link[rel="stylesheet"]';

/**
 * Whether this document can show a page: it has a place for the mini player, the same language, and the same scripts, as
 * a document has one map of them.
 * @param {Document} page
 */
export function canShow(page) {
  return (
    page.querySelector("[data-mini-player]") !== null &&
    page.documentElement.lang === document.documentElement.lang &&
    page.querySelector(MAP)?.textContent === document.querySelector(MAP)?.textContent
  );
}

/**
 * Add the stylesheets of a page that are not here, in its order; resolves when they can be used.
 * @param {Document} page
 */
export async function addStyles(page) {
  const head = document.head;
  const here = new Map(findElements(head, STYLES, HTMLLinkElement).map((link) => [link.href, link]));
  /** @type {Element | null} */
  let before = null;
  /** @type {Promise<unknown>[]} */
  const loading = [];
  for (const { href } of findElements(page.head, STYLES, HTMLLinkElement)) {
    let link = here.get(href);
    if (!link) {
      link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      const added = link;
      loading.push(
        new Promise((done) => {
          for (const end of ["load", "error"]) added.addEventListener(end, done, { once: true });
        }),
      );
      if (before) before.after(link);
      else head.append(link);
    }
    before = link;
  }
  await Promise.all(loading);
}

/**
 * Show a page.
 * @param {Document} page
 */
export function showDocument(page) {
  for (const each of findElements(page, "noscript", HTMLElement)) each.remove(); // read as if there were no scripts
  takeMessages(page);
  document.title = page.title;
  copyAttributes(page.documentElement, document.documentElement);
  copyAttributes(page.body, document.body);
  for (const selector of [".site-header", "main"]) {
    getElement(document, selector, HTMLElement).replaceWith(getElement(page, selector, HTMLElement));
  }
  const wanted = new Set(findElements(page.head, STYLES, HTMLLinkElement).map(({ href }) => href));
  for (const link of findElements(document.head, STYLES, HTMLLinkElement)) if (!wanted.has(link.href)) link.remove();
}

/**
 * Load the scripts of a page that have not run yet.
 * @param {Document} page
 */
export async function loadScripts(page) {
  const scripts = findElements(page.head, 'script[type="module"]', HTMLScriptElement);
  await Promise.all(scripts.map(({ src }) => import(src)));
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function copyAttributes(from, to) {
  for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
}
