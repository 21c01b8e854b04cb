// The texts that scripts show; the page carries them in its language.

import { interpolate, roundRemainingTime } from "stemoteca/formatting";

/** @type {Record<string, string> | null} */
let messages = null;

/** @param {Document} page */
function readMessages(page) {
  return /** @type {Record<string, string>} */ (JSON.parse(page.getElementById("messages")?.textContent ?? "{}"));
}

/**
 * Take the texts of another page as well; what came with those before still needs theirs.
 * @param {Document} page
 */
export function takeMessages(page) {
  messages = { ...(messages ?? readMessages(document)), ...readMessages(page) };
}

/**
 * Get the text called `name` with its places filled in.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function message(name, values = {}) {
  messages ??= readMessages(document);
  return interpolate(messages[name] ?? name, values);
}

/**
 * Say how long something will still take, for example "about 2 min left"; empty where that is not known.
 * @param {number | null | undefined} seconds
 */
export function remainingTimeMessage(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const { unit, n } = roundRemainingTime(seconds);
  return message(unit === "seconds" ? "etaSeconds" : "etaMinutes", { n });
}

/**
 * Say an artist's name: what stands for nobody in particular is said in the language of the page.
 * @param {string} name as the API gives it
 */
export function artistName(name) {
  const { unknownArtist, variousArtists } = document.body.dataset;
  if (name === "Unknown artist") return unknownArtist ?? name;
  return name === "Various artists" ? (variousArtists ?? name) : name;
}
