// Starting the clock of an audio context, which browsers allow after a gesture of the person only.

const PATIENCE = 1000; // milliseconds; a browser that refuses may never answer

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
