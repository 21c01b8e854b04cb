// Keeps the screen on while a song plays, where the browser can do that.

export class ScreenLock {
  /** @type {WakeLockSentinel | null} */
  #lock = null;

  /**
   * @param {() => boolean} isWanted
   * @param {AbortSignal} [signal] ends it
   */
  constructor(isWanted, signal) {
    this.isWanted = isWanted;
    const restore = () => document.hidden || this.update(); // a hidden page loses the lock
    document.addEventListener("visibilitychange", restore, { signal });
  }

  /** Take or release the lock, as is wanted now. */
  async update() {
    try {
      if (this.isWanted()) {
        if (!this.#lock || this.#lock.released) this.#lock = (await navigator.wakeLock?.request("screen")) ?? null;
      } else if (this.#lock) {
        await this.#lock.release();
        this.#lock = null;
      }
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      this.#lock = null; // a low battery may refuse; the music goes on
    }
  }
}
