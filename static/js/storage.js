// Choices remembered in this browser, or in this tab. A browser may forbid that, or be full: then nothing is remembered.

/** @typedef {"localStorage" | "sessionStorage"} Place of the browser, or of the tab */

/**
 * Read a value stored before; null where there is none.
 * @param {string} key
 * @param {Place} [place]
 * @returns {any}
 */
export function readStored(key, place = "localStorage") {
  try {
    return JSON.parse(globalThis[place].getItem(key) ?? "null");
  } catch (error) {
    if (error instanceof DOMException || error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Store a value that JSON can hold.
 * @param {string} key
 * @param {unknown} value
 * @param {Place} [place]
 */
export function store(key, value, place = "localStorage") {
  try {
    globalThis[place].setItem(key, JSON.stringify(value));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}
