// The address of the page that is shown, which scripts change while it is shown, and how to go to another one.

/**
 * What shows other pages in this document (router.js).
 * @typedef {object} Router
 * @property {(address: URL) => void} go
 * @property {() => void} follow goes to the page whose address the browser shows
 */

/** @type {Router | null} */
let router = null;
let shown = globalThis.location ? pageOf(location) : "";

/**
 * Name the page that an address leads to: the address without what comes after "#".
 * @param {URL | Location} address
 */
export function pageOf({ origin, pathname, search }) {
  return origin + pathname + search;
}

/**
 * Put another address in place of that of the page.
 * @param {URL} address
 */
export function replaceAddress(address) {
  if (address.href !== location.href) history.replaceState(history.state, "", address);
  noteAddress();
}

/** Take the address that the browser shows for that of the page. */
export function noteAddress() {
  shown = pageOf(location);
}

/**
 * Go to a page.
 * @param {string} address
 */
export function navigate(address) {
  const url = new URL(address, location.href);
  if (router) router.go(url);
  else location.assign(url);
}

/**
 * Show the page to which somebody went back or forward, unless it is the one that is shown. It may have been shown in a
 * document that was loaded again meanwhile.
 */
export function followHistory() {
  if (pageOf(location) === shown) return;
  if (router) router.follow();
  else location.reload();
}

/** @param {Router} newRouter */
export function setRouter(newRouter) {
  router = newRouter;
}
