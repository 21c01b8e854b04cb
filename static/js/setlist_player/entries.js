// The entries of a setlist, and the player of each from the server.

import { NetworkError, networkErrors, request } from "stemoteca/api";
import { findElement, findElements, getElement } from "stemoteca/dom";
import { readQuality } from "stemoteca/player/controls/quality";
import { levelsOf } from "stemoteca/player/playback_settings";
import { chooseCodec } from "stemoteca/player/sound/codecs";
import { levelFrom, loudness } from "stemoteca/player/sound/levels";
import { segmentAddress } from "stemoteca/player/sound/segments";

/** @typedef {import("stemoteca/player/player").Recording} Recording */

/**
 * `player`: address of its player, null where the song is not for this person. `address`: of the entry in the API, null
 * where somebody else's setlist is played.
 * @typedef {object} Entry
 * @property {string} id
 * @property {number} number in the list, from 1
 * @property {string} title
 * @property {string} artist
 * @property {string} note
 * @property {import("stemoteca/player/playback_settings").PlaybackSettings} settings
 * @property {string} settings_text the same in words
 * @property {string | null} player
 * @property {string | null} address
 */

/**
 * A player, or the name of the text that says why there is none.
 * @typedef {{ html: string, reason: null } | { html: null, reason: "songNotReady" | "songGone" | "songHidden" }} Loaded
 */

/**
 * Read the entries that the list carries.
 * @param {HTMLElement} list
 * @returns {Map<string, Entry>} by id, in order
 */
export function readEntries(list) {
  /** @type {Entry[]} */
  const entries = JSON.parse(getElement(list, "#setlist-entries", HTMLScriptElement).textContent ?? "[]");
  return new Map(entries.map((entry) => [entry.id, entry]));
}

/**
 * Mark the entry that is played in the list.
 * @param {HTMLElement} list
 * @param {string | null} id
 */
export function markEntry(list, id) {
  for (const row of findElements(list, "[data-entry]", HTMLElement)) {
    const isHere = row.dataset.entry === id;
    row.classList.toggle("is-playing", isHere);
    if (isHere) row.querySelector("a")?.setAttribute("aria-current", "true");
    else row.querySelector("a")?.removeAttribute("aria-current");
  }
}

/**
 * Load the player of an entry.
 * @param {Pick<Entry, "player">} entry
 * @returns {Promise<Loaded>}
 * @throws {NetworkError} also where the server is overloaded: it will answer later
 */
export async function loadPlayer({ player }) {
  if (player === null) return { html: null, reason: "songHidden" };
  const answer = await request(player);
  if (answer.status === 204) return { html: null, reason: "songNotReady" };
  if (answer.ok) return { html: await networkErrors(answer.text()), reason: null };
  if (answer.status >= 500 || answer.status === 429) throw new NetworkError(answer.status);
  return { html: null, reason: "songGone" };
}

/**
 * Find what a player plays.
 * @param {ParentNode} root
 * @returns {Recording}
 */
export function recordingIn(root) {
  return JSON.parse(root.querySelector("#player")?.textContent ?? "null");
}

/**
 * Find the picture of a song; null where it has none but a drawing.
 * @param {ParentNode} root
 */
export function coverIn(root) {
  return findElement(root, ".track-header img", HTMLImageElement)?.src ?? null;
}

/**
 * Have the browser fetch the beginning of a song, so that it starts at once when its turn comes.
 * @param {Pick<Entry, "settings">} entry
 * @param {string} html with its player
 */
export async function fetchBeginning({ settings }, html) {
  const recording = recordingIn(new DOMParser().parseFromString(html, "text/html"));
  const { connection } = /** @type {{ connection?: import("stemoteca/player/sound/codecs").Connection }} */ (navigator);
  const codecs = recording.codecs ?? [{ name: "flac", segment: recording.segment, rate: recording.rate }];
  const codec = chooseCodec(codecs, readQuality(), connection);
  const first = Math.floor(((settings.from ?? 0) * recording.rate) / codec.segment);
  const levels = levelsOf(settings);
  const lanes = recording.stems.map(({ name, segments }) => ({ ...levelFrom(levels[name]), segments }));
  for (const lane of lanes.filter((each) => loudness(each, lanes) > 0)) {
    try {
      const answer = await request(segmentAddress(lane.segments, first, codec.name));
      await networkErrors(answer.arrayBuffer());
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      return; // it is fetched when it is to be played
    }
  }
}
