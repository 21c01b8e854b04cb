// The scripts of pages, as one document may show several of them, one after another (router.js).

/** @typedef {(signal: AbortSignal) => void} Start */

/** @type {Start[]} */
const starts = [];
let page = new AbortController();

/**
 * Call `start` for the page that is shown, and again for each page that comes after it. It does nothing where there is
 * nothing to do; the signal ends what it does outside of header and main when the page is left.
 * @param {Start} start
 */
export function onEachPage(start) {
  starts.push(start);
  start(page.signal);
}

/** End what the scripts of the page do. */
export function leavePage() {
  page.abort();
  page = new AbortController();
}

/** Begin with the page that is shown now. */
export function enterPage() {
  for (const start of starts) start(page.signal);
}
