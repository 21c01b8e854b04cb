// One file on its way: looks whether it is known, sends it, follows its separation, and says all of it.

import { getElement } from "stemoteca/dom";
import { formatSize, percentDone } from "stemoteca/formatting";
import { artistName, message, remainingTimeMessage } from "stemoteca/messages";
import { followSeparation } from "stemoteca/separation_progress";
import { offerSignIn } from "stemoteca/session";
import { openWithFile } from "stemoteca/upload/file_transfer";
import { UploadError } from "stemoteca/upload/requests";

/** @typedef {import("stemoteca/separation_progress").Separation} Separation */
/** @typedef {import("stemoteca/upload/checksums").Checksums} Checksums */
/** @typedef {import("stemoteca/upload/requests").Choices} Choices */
/** @typedef {import("stemoteca/upload/requests").Track} Track */
/** @typedef {import("stemoteca/upload/requests").UploadRequests} UploadRequests */

const LONG = 180; // seconds to wait, after which the browser may be quicker
const WITHOUT_DETAIL = ["offline", "sessionEnded", "throttled", "server", "refused"]; // what we say ourselves

/** @param {Track} track */
const fullTitle = ({ artist, title }) => `${artistName(artist.name)} – ${title}`;

export class UploadItem {
  #stopper = new AbortController();
  /** @type {Choices} */
  #choices = { model: "none", visibility: "shared" };
  /** @type {Promise<string | null> | null} */
  #checksum = null;
  /** @type {Checksums | null} */
  #checksums = null;
  #isChecking = false;
  /** @type {string | null} the id of what is being separated */
  #separation = null;
  #isOffered = false;

  /**
   * @param {File} file
   * @param {UploadRequests} requests
   * @param {HTMLElement} element a copy of the page's template
   */
  constructor(file, requests, element) {
    this.file = file;
    this.requests = requests;
    this.element = element;
    this.bar = getElement(element, "progress", HTMLProgressElement);
    this.#part("name").textContent = file.name;
    this.#part("size").textContent = formatSize(file.size);
    this.bar.hidden = true;
    this.#say("chosen");
    this.#setActions(this.#button("drop", () => this.stop()));
  }

  get isStopped() {
    return this.#stopper.signal.aborted;
  }

  /**
   * Begin to calculate the checksum, while others are still being sent.
   * @param {Checksums} checksums
   * @param {number} limit in bytes
   */
  hash(checksums, limit) {
    if (this.file.size === 0 || this.file.size > limit) return;
    this.#checksums = checksums;
    this.#checksum = checksums.of(
      this.file,
      (share) => {
        if (this.#isChecking) this.#say("checkingPart", { percent: Math.floor(100 * share) });
      },
      this.#stopper.signal,
    );
  }

  /**
   * Take the choices that the person started with, and wait for the files before this one.
   * @param {Choices} choices
   */
  start(choices) {
    this.#choices = choices;
    this.bar.hidden = false;
    this.#say("waiting");
  }

  /**
   * Bring the file to the server; resolves when the next one may be sent. What goes wrong is said in the list.
   * @param {number} limit in bytes
   */
  async send(limit) {
    if (this.isStopped) return;
    try {
      if (this.file.size === 0) throw new UploadError("empty", message("empty"));
      if (this.file.size > limit) throw new UploadError("tooLarge", message("tooLarge", { limit: formatSize(limit) }));
      this.#say("checking");
      this.#isChecking = true;
      const checksum = await this.#checksum;
      this.#isChecking = false;
      const known = await this.requests.lookUp(
        checksum,
        this.file.name,
        async (proof) => this.#checksums?.prove(this.file, proof) ?? null,
      );
      if (this.isStopped) return;
      if (known) this.#showArrived(known, false, await this.#separate(known));
      else await this.#upload();
    } catch (error) {
      this.#showError(error);
    }
  }

  stop() {
    this.#stopper.abort();
    if (this.#separation) this.requests.stop(this.#separation);
    const list = this.element.parentElement;
    this.element.remove();
    list?.dispatchEvent(new CustomEvent("stopped"));
  }

  /** @param {Track} track */
  async #separate(track) {
    return this.#choices.model === "none" ? null : this.requests.separate(track.id, this.#choices.model);
  }

  async #upload() {
    /** @param {number} share */
    const onProgress = (share) => {
      this.bar.value = 100 * share;
      if (share < 1) {
        this.#say("sending", { percent: Math.floor(100 * share) });
      } else {
        this.bar.removeAttribute("value");
        this.#say("reading");
      }
    };
    onProgress(0);
    this.#setActions(this.#button("stop", () => this.stop()));
    // One request for both: whoever closes this page now finds the song, and the choice, on its own page.
    const fields = { ...this.#choices, when_matched: "ask" };
    const answer = await this.requests.send(this.file, fields, onProgress, this.#stopper.signal);
    const same = answer.matches.find(
      ({ similarity, track }) => similarity !== null && track.separations.some(({ status }) => status === "succeeded"),
    );
    if (same && !answer.separation && !answer.separation_error && this.#choices.model !== "none") {
      this.#offerOther(answer.track, same.track);
      return;
    }
    const [similar] = answer.matches;
    if (similar) this.#showSimilar(similar.track);
    if (answer.separation_error) {
      this.#showError(new UploadError(answer.separation_error.code, answer.separation_error.detail));
      this.#setActions(this.#trackLink(answer.track, "openTrack"));
      return;
    }
    this.#showArrived(answer.track, answer.created, answer.separation);
  }

  /**
   * The same recording is here, in parts: open those, or have this file separated as well?
   * @param {Track} track
   * @param {Track} other
   */
  #offerOther(track, other) {
    this.#part("name").textContent = fullTitle(track);
    this.element.classList.add("done");
    this.bar.hidden = true;
    this.#say("alike", { title: fullTitle(other) });
    this.#part("more").textContent = message("alikeMore");
    const open = this.#trackLink(other, "openOther");
    open.classList.add("main");
    const mine = this.#button("takeMine", async () => {
      mine.disabled = true;
      this.element.classList.remove("done");
      this.bar.hidden = false;
      this.#part("more").textContent = "";
      try {
        this.#showArrived(track, true, await this.#separate(track));
      } catch (error) {
        this.#showError(error);
      }
    });
    this.#setActions(open, mine);
  }

  /**
   * @param {Track} track
   * @param {boolean} created
   * @param {Separation | null} separation
   */
  #showArrived(track, created, separation) {
    this.#part("name").textContent = fullTitle(track);
    if (!separation || separation.status === "succeeded") {
      this.#showDone(track, created ? (separation ? "ready" : "kept") : "known");
      return;
    }
    this.#separation = separation.id;
    this.#isOffered = false;
    this.#setActions(
      this.#trackLink(track, "openTrack"),
      this.#button("stop", () => this.stop()),
    );
    this.#showProgress(separation);
    this.#follow(track, this.requests.address("separation", separation.id)); // the next file may go meanwhile
  }

  /**
   * @param {Track} track
   * @param {string} address of the separation
   */
  async #follow(track, address) {
    const last = await followSeparation(address, (state) => this.#showProgress(state), this.#stopper.signal);
    if (this.isStopped) return;
    if (last?.status === "succeeded") this.#showDone(track, "ready");
    else this.#showFailed(track, last);
  }

  /** @param {Separation} separation */
  #showProgress({ status, queue_position, progress, eta_seconds }) {
    if (status === "queued") this.#say("queued", { n: queue_position ?? "…" });
    if (status === "running") this.#say("running", { percent: percentDone(progress) });
    this.bar.value = status === "running" ? 100 * progress : 0;
    this.#part("more").textContent = remainingTimeMessage(eta_seconds);
    if (status === "queued" && (eta_seconds ?? 0) > LONG) this.#offerBrowser();
  }

  /** Offer to hear the song meanwhile, separated in this browser; what the server does goes on. */
  #offerBrowser() {
    const address = this.requests.address("try");
    if (!address || this.#isOffered) return;
    this.#isOffered = true;
    this.#part("actions").append(this.#button("tryHere", () => openWithFile(address, this.file)));
  }

  /**
   * @param {Track} track
   * @param {string} name of the text
   */
  #showDone(track, name) {
    this.#separation = null;
    this.element.classList.add("done");
    this.bar.hidden = true;
    this.#part("more").textContent = "";
    this.#say(name);
    const play = this.#trackLink(track, name === "kept" ? "openTrack" : "open");
    play.classList.add("main");
    this.#setActions(play);
  }

  /**
   * @param {Track} track
   * @param {Separation | null} last
   */
  #showFailed(track, last) {
    this.#separation = null;
    this.element.classList.add("bad");
    this.bar.hidden = true;
    this.#say(last?.status === "cancelled" ? "stopped" : "failed");
    this.#part("more").textContent = last?.error?.detail ?? "";
    this.#setActions(this.#trackLink(track, "openTrack"));
  }

  /** @param {unknown} error */
  #showError(error) {
    const { code, detail } = error instanceof UploadError ? error : new UploadError("server");
    if (!(error instanceof UploadError)) reportError(error);
    if (code === "stopped") return;
    this.element.classList.add("bad");
    this.bar.hidden = true;
    const line = this.#part("says");
    line.textContent = WITHOUT_DETAIL.includes(code) ? message(code) : detail || message("refused");
    if (code === "sessionEnded") offerSignIn(line, "_blank"); // leaving this page would lose the list
    this.#part("more").textContent = "";
    const again = this.#button("again", () => {
      this.element.classList.remove("bad");
      this.bar.hidden = false;
      this.element.dispatchEvent(new CustomEvent("again", { bubbles: true, detail: this }));
    });
    this.#setActions(
      again,
      this.#button("drop", () => this.stop()),
    );
  }

  /** @param {string} name */
  #part(name) {
    return getElement(this.element, `[data-${name}]`, HTMLElement);
  }

  /**
   * @param {string} name of the text
   * @param {Record<string, string | number>} [values]
   */
  #say(name, values) {
    const sentence = message(name, values);
    const line = this.#part("says");
    if (line.textContent !== sentence) line.textContent = sentence;
  }

  /** @param {HTMLElement[]} elements */
  #setActions(...elements) {
    const place = this.#part("actions");
    const focused = place.contains(document.activeElement);
    place.replaceChildren(...elements);
    if (focused) elements[0]?.focus(); // what had the focus is gone; the keyboard stays here
  }

  /**
   * @param {string} name of the text
   * @param {() => void} action
   */
  #button(name, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = message(name);
    button.addEventListener("click", action);
    return button;
  }

  /** @param {Track} track */
  #showSimilar(track) {
    const link = document.createElement("a");
    link.href = this.requests.address("trackPage", track.id);
    link.textContent = message("similar", { title: track.title });
    this.#part("name").after(link);
  }

  /**
   * @param {Track} track
   * @param {string} name of the text
   */
  #trackLink(track, name) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = this.requests.address("trackPage", track.id);
    link.textContent = message(name);
    return link;
  }
}
