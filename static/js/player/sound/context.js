// The audio contexts of a document: one for each sample rate, as what a gesture has started once may go on without one.

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
