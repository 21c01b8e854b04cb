// Keeps how a song is played with its entry of a setlist.

import { callApi, isSessionEnded, NetworkError } from "stemoteca/api";
import { findElement, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { clickSettings, clicksOf, levelsOf, settingsOf } from "stemoteca/player/playback_settings";
import { levelFrom } from "stemoteca/player/sound/levels";
import { offerSignIn } from "stemoteca/session";

/** @typedef {import("stemoteca/player/player").Player} Player */
/** @typedef {import("stemoteca/setlist_player/entries").Entry} Entry */

/**
 * Have a song begin with the mix and the clicks that are kept with its entry, and leave those of the song's own page as
 * they are. Speed, key and loop come from the address.
 * @param {Player} player
 * @param {Entry} entry
 */
export function applySettings({ engine, mixer, unfolding }, { settings }) {
  if (!Object.keys(settings).length) return;
  mixer.isRemembered = false;
  const levels = levelsOf(settings);
  unfolding.follow(levels);
  for (const lane of mixer.lanes) Object.assign(lane, levels[lane.name] ?? levelFrom(null));
  mixer.change();
  engine.metronome.choose(clicksOf(settings));
}

export class EntrySettings {
  /** @type {Entry | null} */
  #entry = null;
  /** @type {Player | null} */
  #player = null;

  /**
   * @param {HTMLElement} area
   * @param {HTMLElement} said
   * @param {() => Promise<void>} reload shows the list as it is now
   */
  constructor(area, said, reload) {
    this.area = area;
    this.said = said;
    this.reload = reload;
    this.text = getElement(area, "[data-kept-text]", HTMLElement);
    this.usual = getElement(area, '[data-do="usual"]', HTMLButtonElement);
    this.keep = getElement(area, '[data-do="keep"]', HTMLButtonElement);
    this.keep.addEventListener("click", () => this.#keep());
    this.usual.addEventListener("click", () => this.#save({}, "settingsUsual"));
  }

  /**
   * Find the buttons; null on a page where nothing can be kept.
   * @param {HTMLElement} root
   * @param {HTMLElement} said
   * @param {() => Promise<void>} reload
   */
  static in(root, said, reload) {
    const area = findElement(root, "[data-kept]", HTMLElement);
    return area && new EntrySettings(area, said, reload);
  }

  /**
   * Show what is kept with the entry that is played.
   * @param {Entry | null} entry
   * @param {Player | null} player
   */
  show(entry, player) {
    this.#entry = entry;
    this.#player = player;
    this.area.hidden = !player;
    this.text.textContent = entry?.settings_text ?? "";
    this.usual.hidden = !Object.keys(entry?.settings ?? {}).length;
  }

  #keep() {
    const player = this.#player;
    if (!this.#entry || !player) return;
    const { stretch, loop, metronome, recording } = player.engine;
    const settings = settingsOf(stretch, loop, recording.rate, player.mixer.shown);
    this.#save({ ...settings, ...clickSettings(metronome.choice) }, "settingsKept");
  }

  /**
   * @param {import("stemoteca/player/playback_settings").PlaybackSettings} settings
   * @param {string} done names the text that says so
   */
  async #save(settings, done) {
    try {
      const answer = await callApi(this.#entry?.address ?? "", { method: "PATCH", body: { settings } });
      if (isSessionEnded(answer.status, answer.body.code)) {
        offerSignIn(this.said);
        return;
      }
      if (answer.ok) await this.reload();
      this.said.textContent = message(answer.ok ? done : "settingsFailed");
      if (this.usual.hidden) this.keep.focus(); // not lost with the button that was pressed
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      this.said.textContent = message("settingsFailed");
    }
  }
}
