// Loads the players of entries, that of the next one ahead of its turn, and remembers which of them cannot be played.

import { NetworkError } from "stemoteca/api";
import { fetchBeginning, loadPlayer } from "stemoteca/setlist_player/entries";

/** @typedef {Pick<import("stemoteca/setlist_player/entries").Entry, "id" | "player" | "settings">} Entry */
/** @typedef {import("stemoteca/setlist_player/entries").Loaded} Loaded */

const RETRY = 3000; // milliseconds after which a line that was gone is tried again

export class Loader {
  /** @type {{ id: string, loaded: Promise<Loaded | null> } | null} */
  #preloaded = null;
  /** @type {Set<string>} ids of the entries that could not be played when they were asked for */
  #unplayable = new Set();

  /**
   * Whether an entry can be played, as far as is known by now.
   * @param {Entry} entry
   */
  canPlay({ id, player }) {
    return player !== null && !this.#unplayable.has(id);
  }

  /** Forget what could not be played. */
  forget() {
    this.#unplayable.clear();
  }

  /**
   * Load the player of an entry; where the line is gone, when it is back.
   * @param {Entry} entry
   * @param {() => boolean} isWanted
   * @param {() => void} onOffline
   * @returns {Promise<Loaded | null>} null where it is wanted no longer
   */
  async load(entry, isWanted, onOffline) {
    const preloaded = this.#preloaded?.id === entry.id ? this.#preloaded.loaded : null;
    if (preloaded) this.#preloaded = null;
    let loaded = preloaded && (await preloaded);
    while (!loaded?.html && isWanted()) {
      try {
        loaded = await loadPlayer(entry);
        break;
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        if (isWanted()) onOffline();
        await new Promise((done) => setTimeout(done, RETRY));
      }
    }
    if (loaded?.html) this.#unplayable.delete(entry.id);
    else if (loaded) this.#unplayable.add(entry.id);
    return isWanted() ? loaded : null;
  }

  /**
   * Fetch what an entry needs, so that it begins at once.
   * @param {Entry} entry
   * @returns {Promise<boolean>} whether it can be played, as far as is known by now
   */
  async preload(entry) {
    if (this.#preloaded?.id === entry.id) return true;
    const loading = loadPlayer(entry).catch((error) => {
      if (!(error instanceof NetworkError)) throw error;
      return null; // asked for again when its turn comes
    });
    this.#preloaded = { id: entry.id, loaded: loading };
    const loaded = await loading;
    if (loaded?.html) await fetchBeginning(entry, loaded.html);
    else if (loaded) this.#unplayable.add(entry.id);
    return this.canPlay(entry);
  }
}
