// A song's page: the player when the parts are there, else how far they are; it becomes the player by itself.

import { request } from "stemoteca/api";
import { findElement, findElements, getElement } from "stemoteca/dom";
import { percentDone } from "stemoteca/formatting";
import { remainingTimeMessage } from "stemoteca/messages";
import { deck } from "stemoteca/mini_player/deck";
import "stemoteca/mini_player/mini_player";
import { onEachPage } from "stemoteca/navigation/pages";
import { offerDownloads } from "stemoteca/player/downloads";
import { offerMix } from "stemoteca/player/mixdown";
import { takeRating } from "stemoteca/player/rating";
import { followSeparation } from "stemoteca/separation_progress";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/player/player").Player} Player */
/** @typedef {import("stemoteca/separation_progress").Separation} Separation */

const CODEC = "stemoteca.codec";

class SongPage {
  /** @type {Player | null} */
  player = null;

  /**
   * @param {HTMLElement} section
   * @param {AbortSignal} signal is aborted when the page is left
   */
  constructor(section, signal) {
    this.section = section;
    this.signal = signal;
    this.playsAtOnce = new URL(location.href).searchParams.has("play");
    this.begin();
  }

  /** Fetch the middle of the page as it is now; empty where that cannot be had, or nobody sees it. */
  async fetchStage() {
    if (this.signal.aborted) return "";
    const address = new URL(location.href);
    address.searchParams.set("fragment", "separation");
    const answer = await request(address);
    const html = answer.ok ? await answer.text() : "";
    return this.signal.aborted ? "" : html;
  }

  async reloadStage() {
    const html = await this.fetchStage();
    if (!html) return;
    this.player?.close();
    this.section.innerHTML = html;
    this.begin();
    // For those who do not see that the page has changed.
    const heading = this.section.querySelector(".separation-state h2") ?? this.section.querySelector("[data-state]");
    const status = getElement(document, "#track-status", HTMLElement);
    status.textContent = heading?.getAttribute("aria-label") ?? heading?.textContent ?? "";
  }

  begin() {
    const state = findElement(this.section, "[data-state]", HTMLElement);
    /** @type {Recording | null} */
    const recording = JSON.parse(this.section.querySelector("#player")?.textContent ?? "null");
    const cover = document.querySelector(".track-header .cover");
    const player = state && recording && deck.place(state, recording, cover, this.signal);
    this.player = player;
    if (player && this.playsAtOnce) player.playUnasked();
    if (player && recording.ready !== null) this.growPlayer(player, state.dataset.separation ?? "");
    else if (!player && state?.dataset.separation) this.waitForChange(state);
    this.enhanceBelow(player);
  }

  /**
   * Let the player have what is made while it plays, wherever it is; when all is, the rest of the page changes around it.
   * @param {Player} player
   * @param {string} separation its address
   */
  async growPlayer(player, separation) {
    const onAnswer = (/** @type {Separation} */ made) => {
      if (made.status !== "running") return;
      this.showProgress(made);
      player.grow(Math.min(...made.stems.map((stem) => stem.segments_ready)));
    };
    const last = await followSeparation(separation, onAnswer, player.closed);
    if (player.closed.aborted) return;
    if (last?.status !== "succeeded") {
      player.engine.pause();
      this.reloadStage();
      return;
    }
    player.grow(Infinity);
    const fresh = document.createElement("div");
    fresh.innerHTML = await this.fetchStage();
    if (this.signal.aborted) return;
    const state = getElement(this.section, "[data-state]", HTMLElement);
    state.dataset.state = last.status;
    const children = [...fresh.children];
    while (state.nextElementSibling) state.nextElementSibling.remove();
    state.after(...children.slice(children.findIndex((each) => each.matches("[data-state]")) + 1));
    this.enhanceBelow(player);
  }

  /** @param {Separation} separation */
  showProgress(separation) {
    const remaining = this.section.querySelector("[data-eta]");
    if (remaining) remaining.textContent = remainingTimeMessage(separation.eta_seconds);
    const percent = this.section.querySelector("[data-percent]");
    if (percent) percent.textContent = `${percentDone(separation.progress)} %`;
  }

  /**
   * Show progress as it comes; anything else that changes is drawn anew by the server.
   * @param {HTMLElement} element
   */
  waitForChange(element) {
    const { separation: address = "", state, position = "" } = element.dataset;
    const stop = new AbortController();
    this.signal.addEventListener("abort", () => stop.abort(), { signal: stop.signal });
    const done = findElement(element, "#grown rect", SVGRectElement);
    const width = done?.ownerSVGElement?.viewBox.baseVal.width ?? 0;
    followSeparation(
      address,
      (separation) => {
        const moved = String(separation.queue_position ?? "") !== position;
        const audible = separation.stems.some((stem) => stem.segments_ready > 0);
        if (separation.status !== state || moved || audible) {
          stop.abort();
          this.reloadStage();
          return;
        }
        this.showProgress(separation);
        done?.setAttribute("width", String(width * separation.progress));
      },
      stop.signal,
    );
  }

  /**
   * Bring what stands below a player that is ready to life.
   * @param {Player | null} player
   */
  enhanceBelow(player) {
    const form = findElement(this.section, "[data-take]", HTMLFormElement);
    if (form) {
      offerFormats(form);
      offerDownloads(form);
      const mix = findElement(form, "[data-mix]", HTMLElement);
      if (mix && player) offerMix(mix, form, player.mixer, this.signal);
    }
    for (const stars of findElements(this.section, "fieldset[data-stars]", HTMLElement)) takeRating(stars);
  }
}

/**
 * Offer only the bitrates that the chosen format has; the format is remembered in this browser.
 * @param {HTMLFormElement} form
 */
function offerFormats(form) {
  const codec = getElement(form, "[name=codec]", HTMLSelectElement);
  const bitrate = getElement(form, "[name=bitrate]", HTMLSelectElement);
  const field = getElement(form, "[data-bitrate-field]", HTMLElement);
  const fit = () => {
    let any = false;
    for (const option of bitrate.options) {
      if (!option.value) continue;
      const fits = (option.dataset.codecs ?? "").split(" ").includes(codec.value);
      option.hidden = !fits;
      option.disabled = !fits;
      any ||= fits;
      if (!fits && option.selected) bitrate.value = "";
    }
    field.hidden = !any;
    bitrate.disabled = !any;
  };
  const known = readStored(CODEC);
  if ([...codec.options].some((option) => option.value === known)) codec.value = known;
  codec.addEventListener("change", () => {
    fit();
    store(CODEC, codec.value);
  });
  fit();
}

onEachPage((signal) => {
  const section = findElement(document, "#track-separation", HTMLElement);
  if (section) new SongPage(section, signal);
});
