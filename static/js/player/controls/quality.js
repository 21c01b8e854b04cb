// How good, and how large, is what is fetched: as the person wants it, remembered in this browser.

import { getElement } from "stemoteca/dom";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/sound/codecs").Quality} Quality */

const KEY = "stemoteca.quality";

/** @param {unknown} value @returns {Quality} */
function checked(value) {
  return value === "lossless" || value === "small" ? value : "auto";
}

/** Read what the person chose before. */
export function readQuality() {
  return checked(readStored(KEY));
}

/**
 * @param {HTMLElement} root
 * @param {Engine} engine
 */
export function offerQuality(root, engine) {
  const field = getElement(root, "[data-quality-field]", HTMLElement);
  const select = getElement(field, "select", HTMLSelectElement);
  field.hidden = engine.source.codecs.length < 2;
  select.value = engine.source.quality;
  select.addEventListener("change", () => {
    store(KEY, checked(select.value));
    engine.setQuality(checked(select.value));
  });
}
