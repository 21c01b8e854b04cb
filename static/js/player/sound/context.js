// The audio contexts of a document: one for each sample rate, as what a gesture has started once may go on without one.
// Browsers allow the start of its clock after a gesture of the person only.

const PATIENCE = 1000; // milliseconds; a browser that refuses may never answer

/** @type {Map<number, AudioContext>} */
const contexts = new Map();

/**
 * Get the audio context of a sample rate.
 * @param {number} rate in hertz
 */
export function sharedContext(rate) {
  const context = contexts.get(rate) ?? new AudioContext({ sampleRate: rate, latencyHint: "balanced" });
  contexts.set(rate, context);
  return context;
}

/**
 * Start the clock after a gesture; resolves to whether the browser lets it.
 * @param {AudioContext} context
 */
export async function resume(context) {
  try {
    await context.resume();
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}

/**
 * Start the clock without a gesture; resolves to whether the browser lets it.
 * @param {AudioContext} context
 */
export async function resumeUnasked(context) {
  /** @type {Promise<boolean>} */
  const refused = new Promise((done) => setTimeout(done, PATIENCE, false));
  return Promise.race([resume(context), refused]);
}
