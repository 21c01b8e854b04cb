// Unfolds a lane into the parts of its stem where that was separated further, or has it separated further.

import { callApi, isSessionEnded, NetworkError, request } from "stemoteca/api";
import { findElement, findElements } from "stemoteca/dom";
import { percentDone } from "stemoteca/formatting";
import { message, remainingTimeMessage } from "stemoteca/messages";
import { levelFrom } from "stemoteca/player/sound/levels";
import { followSeparation } from "stemoteca/separation_progress";
import { offerSignIn } from "stemoteca/session";

/** @typedef {import("stemoteca/player/controls/mixer").Lane} Lane */
/** @typedef {import("stemoteca/player/controls/mixer").Mixer} Mixer */
/** @typedef {import("stemoteca/player/player").Parts} Parts */
/** @typedef {import("stemoteca/player/sound/levels").Level} Level */
/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/separation_progress").Separation} Separation */

export class Unfolding {
  /** @type {Map<Lane, () => void>} unfolds a lane that has parts, or folds it */
  #toggles = new Map();

  /**
   * @param {HTMLElement} root
   * @param {Mixer} mixer
   * @param {object} page
   * @param {URL} page.address of the song's page
   * @param {(lanes: Lane[]) => void} page.onParts is called with the parts of a lane when they are there
   * @param {(sentence: string) => void} page.report
   * @param {AbortSignal} page.signal ends it
   */
  constructor(root, mixer, page) {
    this.root = root;
    this.mixer = mixer;
    this.page = page;
    for (const [index, lane] of mixer.lanes.entries()) {
      this.#begin(lane, mixer.engine.recording.stems[index]?.parts);
      if (mixer.wasUnfolded(lane)) this.#toggles.get(lane)?.();
    }
  }

  /**
   * Unfold the lanes of whose parts there are levels, and set all parts to theirs, by name.
   * @param {Record<string, Level>} levels
   */
  follow(levels) {
    for (const lane of this.mixer.lanes) {
      const isChanged = Object.keys(levels).some((name) => name.startsWith(`${lane.name}-`));
      if (isChanged && !lane.isUnfolded) this.#toggles.get(lane)?.();
      for (const part of lane.parts) Object.assign(part, levels[part.name] ?? levelFrom(null));
    }
  }

  /**
   * Bring to life what a lane has: a button that unfolds it, the offers to take it apart, or how far that is.
   * @param {Lane} lane
   * @param {Parts | undefined} parts
   */
  #begin(lane, parts) {
    const button = findElement(lane.element, "[data-unfold]", HTMLButtonElement);
    const apart = findElement(lane.element, "[data-apart]", HTMLButtonElement);
    const progress = findElement(lane.element, "[data-apart-progress]", HTMLElement);
    if (button && parts) {
      const toggle = () => this.#toggle(lane, parts, button);
      this.#toggles.set(lane, toggle);
      button.addEventListener("click", () => {
        toggle();
        this.page.report(message(lane.isUnfolded ? "unfolded" : "folded", { stem: lane.label }));
      });
    }
    if (apart) this.#offer(lane, apart);
    if (progress) this.#follow(lane, progress.dataset.apartProgress ?? "", progress);
  }

  /**
   * @param {Lane} lane
   * @param {Parts} parts
   * @param {HTMLButtonElement} button
   */
  #toggle(lane, parts, button) {
    const isFirst = !lane.parts.length;
    if (lane.isUnfolded) this.mixer.fold(lane);
    else this.mixer.unfold(lane, parts);
    this.#show(button, lane.isUnfolded);
    if (isFirst) this.page.onParts(lane.parts);
  }

  /**
   * Show or hide what a button controls.
   * @param {HTMLButtonElement} button
   * @param {boolean} isOpen
   */
  #show(button, isOpen) {
    button.setAttribute("aria-expanded", String(isOpen));
    const controlled = this.root.querySelector(`[id="${button.getAttribute("aria-controls")}"]`);
    if (controlled instanceof HTMLElement) controlled.hidden = !isOpen;
  }

  /**
   * @param {Lane} lane
   * @param {HTMLButtonElement} apart shows the offers
   */
  #offer(lane, apart) {
    apart.addEventListener("click", () => this.#show(apart, apart.getAttribute("aria-expanded") === "false"));
    for (const button of findElements(lane.element, "[data-model]", HTMLButtonElement)) {
      button.addEventListener("click", async () => {
        button.disabled = true;
        await this.#ask(lane, button.dataset.request ?? "", button.dataset.model ?? "");
        button.disabled = false;
      });
    }
  }

  /**
   * @param {Lane} lane
   * @param {string} address of the separations of its stem
   * @param {string} model
   */
  async #ask(lane, address, model) {
    const line = findElement(lane.element, "[data-apart-report]", HTMLElement);
    if (!line) return;
    try {
      const answer = await callApi(address, { method: "POST", body: { model } });
      if (answer.ok) this.#follow(lane, `${answer.body.id}`, line);
      else if (isSessionEnded(answer.status, answer.body.code)) offerSignIn(line);
      else line.textContent = answer.body.detail ?? message("network");
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      line.textContent = message("fileOffline");
    }
  }

  /**
   * Say how far a separation is, and show what came out of it when it is finished.
   * @param {Lane} lane
   * @param {string} id
   * @param {HTMLElement} line
   */
  async #follow(lane, id, line) {
    const address = (this.root.dataset.separation ?? "").replace(/[^/]+\/$/, `${id}/`);
    const say = (/** @type {Separation} */ { progress, eta_seconds: eta }) => {
      const text = message("takenApart", { percent: percentDone(progress), eta: remainingTimeMessage(eta) });
      if (line.textContent !== text) line.textContent = text;
    };
    const last = await followSeparation(address, say, this.page.signal);
    if (this.page.signal.aborted) return;
    if (last?.status === "succeeded") await this.#receive(lane, line);
    else line.textContent = last?.error?.detail ?? message("apartStopped");
  }

  /**
   * Fetch the lane as the page shows it now, with its parts.
   * @param {Lane} lane
   * @param {HTMLElement} line
   */
  async #receive(lane, line) {
    const address = new URL(this.page.address);
    const separation = (this.root.dataset.separation ?? "").split("/").at(-2) ?? "";
    address.searchParams.set("separation", separation);
    address.searchParams.set("fragment", "separation");
    try {
      const answer = await request(address);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      /** @type {Recording | null} */
      const recording = JSON.parse(fresh.querySelector("#player")?.textContent ?? "null");
      const parts = recording?.stems.find(({ name }) => name === lane.name)?.parts;
      const further = fresh.querySelector(`[data-lane="${lane.name}"] [data-further]`);
      const lanes = fresh.querySelector(`[data-parts="${lane.name}"]`);
      if (!parts || !further || !lanes) throw new NetworkError("no parts");
      lane.element.querySelector("[data-further]")?.replaceWith(further);
      lane.element.after(lanes);
      this.#begin(lane, parts);
      this.page.report(message("apartReady", { stem: lane.label }));
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      line.textContent = message("apartReadyReload");
    }
  }
}
