// Asks how far a separation is, often while it moves and less often while it waits.

import { callApi, isAborted, NetworkError } from "stemoteca/api";

const SHORTEST = 1000; // milliseconds between two questions
const LONGEST = 10000;
const LONGEST_NEAR = 2500; // for what is being done, or comes next
const SHORTEST_HIDDEN = 5000; // in a tab that nobody looks at

/**
 * A separation as the API describes it.
 * @typedef {object} Separation
 * @property {string} id
 * @property {"queued" | "running" | "succeeded" | "failed" | "cancelled"} status
 * @property {number} progress from 0 to 1
 * @property {number | null} queue_position
 * @property {number | null} eta_seconds
 * @property {{ code: string, detail: string } | null} error
 * @property {{ name: string, segments_ready: number }[]} stems
 */

/**
 * Calculate the pause before the next question.
 * @param {number} pause the last one, in milliseconds
 * @param {Separation | null} separation the answer, or null where none came
 * @param {boolean} changed whether the answer differs from the one before
 */
export function nextPause(pause, separation, changed) {
  if (!separation) return Math.min(pause * 2, LONGEST);
  if (changed) return SHORTEST;
  return Math.min(pause * 1.5, (separation.queue_position ?? 0) > 1 ? LONGEST : LONGEST_NEAR);
}

/**
 * Follow a separation until it is finished, or `signal` stops that. The network may be away for a while.
 * @param {string} address of the separation in the API
 * @param {(separation: Separation) => void} onAnswer
 * @param {AbortSignal} [signal]
 * @returns {Promise<Separation | null>} the finished one; null where it is gone or no longer followed
 */
export async function followSeparation(address, onAnswer, signal) {
  let pause = SHORTEST;
  let before = "";
  while (!signal?.aborted) {
    const separation = await ask(address, signal);
    if (separation === "gone") return null;
    if (separation) {
      onAnswer(separation);
      if (!["queued", "running"].includes(separation.status)) return separation;
    }
    const state = separation && `${separation.status} ${separation.queue_position} ${separation.progress}`;
    pause = nextPause(pause, separation, state !== before);
    before = state ?? before;
    const wait = document.hidden ? Math.max(pause, SHORTEST_HIDDEN) : pause;
    await new Promise((done) => setTimeout(done, wait));
  }
  return null;
}

/**
 * @param {string} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<Separation | "gone" | null>} null where there was no usable answer this time
 */
async function ask(address, signal) {
  try {
    const answer = await callApi(address, { signal });
    if (answer.ok) return answer.body;
    return answer.status === 404 ? "gone" : null;
  } catch (error) {
    if (isAborted(error)) return "gone";
    if (error instanceof NetworkError) return null;
    throw error;
  }
}
