// Fields for names suggest what is in the library already, so that one artist does not become two. The field names the
// address of the list in `data-name-list`, and its <datalist> shows what was found.

import { callApi, NetworkError } from "stemoteca/api";
import { findElements } from "stemoteca/dom";
import { onEachPage } from "stemoteca/navigation/pages";

const DELAY = 150; // milliseconds after the last letter

/** @type {Map<string, string[]>} */
const known = new Map();

/**
 * @param {string} list address of a list of the API
 * @param {string} words
 */
async function findNames(list, words) {
  const address = `${list}?${new URLSearchParams({ q: words, page_size: "8" })}`;
  const before = known.get(address);
  if (before) return before;
  const { ok, body } = await callApi(address);
  if (!ok) return [];
  /** @type {{ name?: string, title?: string }[]} */
  const rows = body.results;
  const names = [...new Set(rows.map((row) => row.name ?? row.title ?? ""))];
  known.set(address, names);
  return names;
}

/** @param {HTMLInputElement} field */
function suggestNames(field) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const words = field.value.trim();
    if (!words) return;
    timer = setTimeout(async () => {
      try {
        const names = await findNames(field.dataset.nameList ?? "", words);
        if (field.value.trim() !== words) return;
        field.list?.replaceChildren(...names.map((name) => new Option(name, name)));
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error; // offline: the field works without
      }
    }, DELAY);
  });
}

onEachPage(() => {
  for (const field of findElements(document, "[data-name-list]", HTMLInputElement)) suggestNames(field);
});
