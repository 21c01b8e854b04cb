// What is kept of a song for the person who plays it: loops, settings, instrument. Visitors have none of it.

import { callApi, NetworkError } from "stemoteca/api";

/** @typedef {import("stemoteca/player/controls/saved_loops").SavedLoop} SavedLoop */
/** @typedef {import("stemoteca/player/playback_settings").PlaybackSettings} PlaybackSettings */

/** @typedef {{ loops: SavedLoop[], preset: PlaybackSettings | null, instrument: string, my_part: string }} Practice */

/**
 * Load all of it; null for visitors, and where it cannot be had.
 * @param {string | undefined} address
 * @returns {Promise<Practice | null>}
 */
export async function loadPractice(address) {
  return address ? loadKept(address) : null;
}

/**
 * Load something that is kept; null where it cannot be had.
 * @param {string} address
 */
export async function loadKept(address) {
  try {
    const answer = await callApi(address);
    return answer.ok ? answer.body : null;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return null;
  }
}

/**
 * Keep something; resolves to the answer, null where the server cannot be reached.
 * @param {string} address
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {unknown} [body]
 */
export async function keep(address, method, body) {
  try {
    return await callApi(address, { method, body, keepalive: true });
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return null;
  }
}
