// One file on its way: looks whether it is known, sends it, follows its separation, and says all of it.

import { Refusal } from "stemoteca/sending";
import { askToSignIn } from "stemoteca/session";
import { follow } from "stemoteca/waiting";
import { left, say } from "stemoteca/words";

const OURS = ["offline", "sessionEnded", "throttled", "server", "refused"];

export function size(bytes) {
  const mega = bytes / 1e6;
  if (mega < 1) return `${Math.ceil(bytes / 1e3)} kB`;
  return mega >= 1000 ? `${(mega / 1000).toFixed(1)} GB` : `${mega < 10 ? mega.toFixed(1) : Math.round(mega)} MB`;
}

export class Item {
  constructor(file, sender, element) {
    Object.assign(this, { file, sender, element, wishes: null });
    this.bar = element.querySelector("progress");
    this.stopper = new AbortController();
    this.#part("name").textContent = file.name;
    this.#part("size").textContent = size(file.size);
    this.bar.hidden = true;
    this.#say("chosen");
    this.#actions(this.#button("drop", () => this.stop()));
  }

  /** Begin to look at the file, while others are still being sent. */
  look(checksums, limit) {
    if (this.file.size === 0 || this.file.size > limit) return;
    const progress = (share) => {
      if (this.checking) this.#say("checkingPart", { percent: Math.floor(100 * share) });
    };
    this.prove = (proof) => checksums.prove(this.file, proof);
    this.checksum = checksums.of(this.file, progress, this.stopper.signal);
  }

  /** Take the choices (model, visibility) that the person started with, and wait for the files before this one. */
  start(wishes) {
    this.wishes = wishes;
    this.bar.hidden = false;
    this.#say("waiting");
  }

  /** From here to "ready" (resolves when the next file may be sent). Never throws. */
  async send(limit) {
    if (this.stopper.signal.aborted) return;
    try {
      if (this.file.size === 0) throw new Refusal("empty", say("empty"));
      if (this.file.size > limit) throw new Refusal("tooLarge", say("tooLarge", { limit: size(limit) }));
      this.#say("checking");
      this.checking = true;
      const checksum = await this.checksum;
      this.checking = false;
      const known = await this.sender.lookUp(checksum, this.file.name, this.prove);
      if (this.stopper.signal.aborted) return;
      if (known) await this.#arrived(known, false, await this.#ask(known));
      else await this.#upload();
    } catch (error) {
      this.#refused(error);
    }
  }

  get isStopped() {
    return this.stopper.signal.aborted;
  }

  stop() {
    this.stopper.abort();
    if (this.separation) this.sender.stop(this.separation);
    const list = this.element.parentElement;
    this.element.remove();
    list?.dispatchEvent(new CustomEvent("stopped"));
  }

  async #ask(track) {
    return this.wishes.model === "none" ? null : this.sender.separate(track.id, this.wishes.model);
  }

  async #upload() {
    const progress = (share) => {
      this.bar.value = 100 * share;
      if (share < 1) this.#say("sending", { percent: Math.floor(100 * share) });
      else {
        this.bar.removeAttribute("value");
        this.#say("reading");
      }
    };
    progress(0);
    this.#actions(this.#button("stop", () => this.stop()));
    // One request for both: whoever closes this page now finds the song, and the choice, on its own page.
    const fields = { ...this.wishes, when_matched: "ask" };
    const answer = await this.sender.send(this.file, fields, progress, this.stopper.signal);
    const done = ({ track }) => track.separations.some(({ status }) => status === "succeeded");
    const alike = answer.matches.find((match) => match.similarity !== null && done(match));
    if (alike && !answer.separation && !answer.separation_error && this.wishes.model !== "none") {
      this.#choose(answer.track, alike.track);
      return;
    }
    const [similar] = answer.matches;
    if (similar) this.#link(`/tracks/${similar.track.id}/`, say("similar", { title: similar.track.title }));
    if (answer.separation_error) {
      this.#refused(new Refusal(answer.separation_error.code, answer.separation_error.detail));
      this.#actions(this.#play(answer.track, "openTrack"));
      return;
    }
    await this.#arrived(answer.track, answer.created, answer.separation);
  }

  /** The same recording is here, in parts: open those, or have this file taken apart as well? */
  #choose(track, other) {
    this.#part("name").textContent = `${track.artist.name} – ${track.title}`;
    this.element.classList.add("done");
    this.bar.hidden = true;
    this.#say("alike", { title: `${other.artist.name} – ${other.title}` });
    this.#part("more").textContent = say("alikeMore");
    const open = this.#play(other, "openOther");
    open.classList.add("main");
    const mine = this.#button("takeMine", async () => {
      mine.disabled = true;
      this.element.classList.remove("done");
      this.bar.hidden = false;
      this.#part("more").textContent = "";
      try {
        await this.#arrived(track, true, await this.#ask(track));
      } catch (error) {
        this.#refused(error);
      }
    });
    this.#actions(open, mine);
  }

  async #arrived(track, created, separation) {
    this.#part("name").textContent = `${track.artist.name} – ${track.title}`;
    if (!separation || separation.status === "succeeded") {
      this.#done(track, !separation ? (created ? "kept" : "known") : created ? "ready" : "known");
      return;
    }
    this.separation = separation.id;
    this.#show(separation);
    this.#actions(this.#play(track, "openTrack"), this.#button("stop", () => this.stop()));
    // The next file may go while this one is taken apart.
    follow(separation.id, (state) => this.#show(state), this.stopper.signal).then((last) => {
      if (this.stopper.signal.aborted) return;
      if (last?.status === "succeeded") this.#done(track, "ready");
      else this.#failed(track, last);
    });
  }

  #show({ status, queue_position, progress, eta_seconds }) {
    if (status === "queued") this.#say("queued", { n: queue_position ?? "…" });
    if (status === "running") this.#say("running", { percent: Math.min(99, Math.floor(100 * progress)) });
    this.bar.value = status === "running" ? 100 * progress : 0;
    this.#part("more").textContent = left(eta_seconds);
  }

  #done(track, word) {
    this.separation = null;
    this.element.classList.add("done");
    this.bar.hidden = true;
    this.#part("more").textContent = "";
    this.#say(word);
    const play = this.#play(track, word === "kept" ? "openTrack" : "open");
    play.classList.add("main");
    this.#actions(play);
  }

  #failed(track, last) {
    this.separation = null;
    this.element.classList.add("bad");
    this.bar.hidden = true;
    this.#say(last?.status === "cancelled" ? "stopped" : "failed");
    this.#part("more").textContent = last?.error?.detail ?? "";
    this.#actions(this.#play(track, "openTrack"));
  }

  #refused(error) {
    if (error.code === "stopped") return;
    this.element.classList.add("bad");
    this.bar.hidden = true;
    const word = error instanceof Refusal ? error.code : "server";
    const line = this.#part("says");
    line.textContent = (OURS.includes(word) ? "" : error.detail) || say(OURS.includes(word) ? word : "refused");
    if (word === "sessionEnded") askToSignIn(line, "_blank"); // leaving this page would lose the list
    this.#part("more").textContent = "";
    const again = this.#button("again", () => {
      this.element.classList.remove("bad");
      this.bar.hidden = false;
      this.element.dispatchEvent(new CustomEvent("again", { bubbles: true, detail: this }));
    });
    this.#actions(again, this.#button("drop", () => this.stop()));
  }

  #part(name) {
    return this.element.querySelector(`[data-${name}]`);
  }

  #say(word, values) {
    const sentence = say(word, values);
    const line = this.#part("says");
    if (line.textContent !== sentence) line.textContent = sentence;
  }

  #actions(...elements) {
    const place = this.#part("actions");
    const focused = place.contains(document.activeElement);
    place.replaceChildren(...elements);
    if (focused) place.firstElementChild?.focus(); // what had the focus is gone; the keyboard stays here
  }

  #button(word, action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = say(word);
    button.addEventListener("click", action);
    return button;
  }

  #link(address, text) {
    const link = document.createElement("a");
    link.href = address;
    link.textContent = text;
    this.#part("name").after(link);
  }

  #play(track, word) {
    const link = document.createElement("a");
    link.className = "button";
    link.href = `/tracks/${track.id}/`;
    link.textContent = say(word);
    return link;
  }
}
