// The page that separates a song in this browser: choose or drop it, and its parts come into the player while they are
// made. Nothing is sent anywhere.

import { isAborted } from "stemoteca/api";
import { DecodingError, openSong } from "stemoteca/browser_separation/decoding";
import { LocalStems, StemFilesError } from "stemoteca/browser_separation/local_stems";
import { findElement, findElements, getElement } from "stemoteca/dom";
import { formatTime, percentDone } from "stemoteca/formatting";
import { message, remainingTimeMessage } from "stemoteca/messages";
import { deck } from "stemoteca/mini_player/deck";
import { openWithFile, receiveFile } from "stemoteca/upload/file_transfer";
import { load, SeparatorError } from "stemoteca-separator";
import "stemoteca/mini_player/mini_player";
import { onEachPage } from "stemoteca/navigation/pages";

/** @typedef {import("stemoteca-separator").Description} Description */
/** @typedef {import("stemoteca/player/player").Player} Player */

const KEPT = 60_000; // milliseconds that a file stays for the browser to save it
const FORBIDDEN = /[\\/:*?"<>|\p{Cc}]/gu; // in names of files

/** How many workers: two, but one where memory or processors are few. */
function countWorkers() {
  const { deviceMemory = 4, hardwareConcurrency = 2 } = /** @type {Navigator & { deviceMemory?: number }} */ (
    navigator
  );
  return deviceMemory > 2 && hardwareConcurrency > 1 ? 2 : 1;
}

/**
 * The name of the text that says what went wrong.
 * @param {unknown} error
 */
function problemOf(error) {
  if (error instanceof DecodingError) return error.reason;
  if (error instanceof SeparatorError) return `separator_${error.code}`;
  if (error instanceof RangeError) return "separator_memory";
  if (!(error instanceof StemFilesError)) reportError(error);
  return "separator_failed";
}

class SeparationPage {
  #running = new AbortController();
  /** @type {LocalStems | null} */
  #stems = null;
  /** @type {Player | null} */
  #player = null;
  /** @type {File | null} */
  #file = null;

  /**
   * @param {HTMLElement} section
   * @param {AbortSignal} signal is aborted when the page is left
   */
  constructor(section, signal) {
    /** @type {Record<string, Description>} */
    this.models = JSON.parse(getElement(document, "#browser-models", HTMLElement).textContent ?? "");
    this.section = section;
    this.form = getElement(section, "[data-choose]", HTMLFormElement);
    this.work = getElement(section, "[data-work]", HTMLElement);
    this.bar = getElement(this.work, "progress", HTMLProgressElement);
    this.stop = getElement(section, "[data-stop]", HTMLButtonElement);
    this.problem = getElement(section, "[data-problem]", HTMLElement);
    this.stage = getElement(section, "[data-stage]", HTMLElement);
    const input = getElement(this.form, "input[type=file]", HTMLInputElement);
    input.addEventListener("change", () => {
      this.#choose(input.files);
      input.value = ""; // the same file may be chosen again
    });
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.stop.addEventListener("click", () => this.#end());
    this.bring = findElement(section, "[data-bring]", HTMLButtonElement); // of who is signed in
    this.bring?.addEventListener("click", () => {
      if (this.#file) openWithFile(this.bring?.dataset.upload ?? "", this.#file);
    });
    this.#takeDropped(signal);
    receiveFile((file) => this.#choose([file], true), signal);
    addEventListener("beforeunload", (event) => this.#stems && event.preventDefault(), { signal });
    signal.addEventListener("abort", () => this.#end());
  }

  /** The whole page takes what is dropped. @param {AbortSignal} signal */
  #takeDropped(signal) {
    const zone = getElement(this.form, "[data-drop]", HTMLElement);
    document.addEventListener(
      "dragover",
      (event) => {
        event.preventDefault();
        zone.classList.add("is-over");
      },
      { signal },
    );
    document.addEventListener("dragleave", () => zone.classList.remove("is-over"), { signal });
    document.addEventListener(
      "drop",
      (event) => {
        event.preventDefault();
        zone.classList.remove("is-over");
        this.#choose(event.dataTransfer?.files);
      },
      { signal },
    );
  }

  /**
   * @param {Iterable<File> | null | undefined} files
   * @param {boolean} [isBrought] whether the upload page sends it already
   */
  async #choose(files, isBrought = false) {
    const [file] = files ?? [];
    if (!file) return;
    this.#end();
    this.#file = file;
    if (this.bring) this.bring.hidden = isBrought;
    const running = new AbortController();
    this.#running = running;
    const name = new FormData(this.form).get("model");
    const model = /** @type {Description} */ (this.models[String(name)]);
    try {
      this.#show(file.name, message("reading"));
      await this.#separate(file, model, running.signal);
    } catch (error) {
      if (isAborted(error) || running.signal.aborted) return;
      this.#end();
      this.problem.textContent = message(problemOf(error), { minutes: this.section.dataset.minutes ?? "" });
      this.problem.hidden = false;
    }
  }

  /**
   * @param {File} file
   * @param {Description} model
   * @param {AbortSignal} signal
   */
  async #separate(file, model, signal) {
    const onLoad = (/** @type {number} */ share) => this.#progress("loadingModel", share);
    const loading = load(model, { workers: countWorkers(), signal, onProgress: onLoad });
    try {
      const { rate, minutes } = this.section.dataset;
      const [song, separator] = await Promise.all([openSong(file, Number(rate), 60 * Number(minutes)), loading]);
      signal.throwIfAborted();
      const stems = new LocalStems(model.stems, song.length);
      this.#stems = stems;
      const player = this.#place(file, model, stems);
      const began = performance.now();
      const onProgress = (/** @type {number} */ share) => {
        const left = ((performance.now() - began) / share) * (1 - share);
        this.#progress("separating", share, left / 1000);
      };
      this.#progress("separating", 0);
      for await (const piece of separator.separate(song, { signal, onProgress })) {
        separator.recycle(await stems.write(piece));
        signal.throwIfAborted();
        player.grow(stems.segments);
      }
      await stems.finish();
      signal.throwIfAborted();
      player.grow(Infinity);
      this.#showDone();
      this.#offerFiles(file, model, stems);
    } finally {
      loading.then(
        (separator) => separator.close(),
        () => undefined, // which was said above
      );
    }
  }

  /** End what is being done, and let go of what was made. */
  #end() {
    this.#running.abort();
    this.#player?.close();
    this.#stems?.close();
    [this.#player, this.#stems, this.#file] = [null, null, null];
    this.stage.replaceChildren();
    this.form.hidden = false;
    this.work.hidden = true;
    this.problem.hidden = true;
  }

  /** @param {string} name of the file @param {string} text */
  #show(name, text) {
    this.form.hidden = true;
    this.work.hidden = false;
    this.bar.hidden = false;
    this.bar.removeAttribute("value");
    getElement(this.work, "[data-name]", HTMLElement).textContent = name;
    getElement(this.work, "[data-progress]", HTMLElement).textContent = text;
    this.#offerStop(true);
  }

  #showDone() {
    this.bar.hidden = true;
    getElement(this.work, "[data-progress]", HTMLElement).textContent = message("separated");
    this.#offerStop(false);
  }

  /** @param {boolean} isWorking */
  #offerStop(isWorking) {
    getElement(this.stop, "[data-while-working]", HTMLElement).hidden = !isWorking;
    getElement(this.stop, "[data-when-done]", HTMLElement).hidden = isWorking;
  }

  /** @param {string} name of the text @param {number} share @param {number} [seconds] left */
  #progress(name, share, seconds) {
    const percent = percentDone(share);
    const left = remainingTimeMessage(seconds);
    getElement(this.work, "[data-progress]", HTMLElement).textContent = message(name, { percent, left });
    this.bar.value = percent;
  }

  /**
   * Put the player of the model in its place.
   * @param {File} file
   * @param {Description} model
   * @param {LocalStems} stems
   */
  #place(file, model, stems) {
    const template = getElement(document, `[data-player-of="${model.name}"]`, HTMLTemplateElement);
    this.stage.replaceChildren(template.content.cloneNode(true));
    const root = getElement(this.stage, ".player", HTMLElement);
    const { rate = "", segment = "" } = this.section.dataset;
    const seconds = stems.samples / Number(rate);
    root.dataset.title = baseName(file);
    root.dataset.separation = `browser:${Date.now()}`; // like no other
    getElement(root, "[data-length]", HTMLElement).textContent = formatTime(seconds);
    for (const slider of findElements(root, "[aria-valuemax='']", HTMLElement)) {
      slider.setAttribute("aria-valuemax", String(Math.round(seconds)));
    }
    this.#player = deck.start(root, stems.recording(Number(rate), Number(segment)), null).player;
    return this.#player;
  }

  /**
   * Offer the stems as files.
   * @param {File} file
   * @param {Description} model
   * @param {LocalStems} stems
   */
  #offerFiles(file, model, stems) {
    const section = getElement(this.stage, "[data-files]", HTMLElement);
    const report = getElement(section, "[data-files-report]", HTMLElement);
    const buttons = findElements(section, "button", HTMLButtonElement);
    section.hidden = false;
    getElement(section, "form", HTMLFormElement).addEventListener("submit", async (event) => {
      event.preventDefault();
      const form = getElement(section, "select", HTMLSelectElement).value === "wav" ? "wav" : "flac";
      const { value } = /** @type {HTMLButtonElement} */ (event.submitter);
      const chosen = value ? [Number(value)] : model.stems.map((_, stem) => stem);
      const names = chosen.map((stem) => ({ stem, name: `${baseName(file)} (${model.stems[stem]}).${form}` }));
      for (const button of buttons) button.disabled = true;
      report.textContent = message("preparing");
      try {
        const made = await stems.take(form, names);
        save(made, value ? (names[0]?.name ?? "") : `${baseName(file)}.zip`);
        report.textContent = message("mixReady");
      } catch (error) {
        report.textContent = message(problemOf(error));
      } finally {
        for (const button of buttons) button.disabled = false;
      }
    });
  }
}

/** @param {File} file */
function baseName({ name }) {
  return name.replace(/\.[^.]*$/, "").replace(FORBIDDEN, "_") || "song";
}

/** @param {Blob} file @param {string} name */
function save(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
}

onEachPage((signal) => {
  const section = findElement(document, "[data-browser-separation]", HTMLElement);
  if (!section) return;
  document.documentElement.classList.add("scripted");
  new SeparationPage(section, signal);
});
