// Loops that somebody has saved under a name, with speed and key: a menu to play, rename and remove them.

import { isSessionEnded } from "stemoteca/api";
import { findElement, getElement } from "stemoteca/dom";
import { formatExactTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { signed } from "stemoteca/player/controls/stretch_controls";
import { keep, loadKept } from "stemoteca/player/practice";
import { offerSignIn } from "stemoteca/session";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/controls/stretch_controls").StretchControls} StretchControls */

/**
 * As the API has it: ends in seconds, `speed` 1 for that of the song; null for what stays as it is.
 * @typedef {{ name: string, from: number, to: number, speed: number | null, semitones: number | null,
 *   cents: number | null }} NewLoop
 */
/** @typedef {NewLoop & { id: string }} SavedLoop */

/**
 * Describe a loop: "0:12–0:20.5 · 75 % · −2".
 * @param {NewLoop} loop
 */
export function describeLoop({ from, to, speed, semitones, cents }) {
  const [start, end] = [from, to].map((second) => formatExactTime(Math.round(10 * second) / 10));
  const key = (semitones ?? 0) + (cents ?? 0) / 100;
  const parts = [`${start}–${end}`];
  if (speed !== null && speed !== 1) parts.push(`${Math.round(100 * speed)} %`);
  if (key !== 0) parts.push(signed(Number(key.toFixed(2))));
  return parts.join(" · ");
}

/**
 * Sort loops in the order of the song.
 * @param {SavedLoop[]} loops
 */
export function inOrder(loops) {
  return [...loops].sort((a, b) => a.from - b.from || a.to - b.to);
}

/**
 * Read speed and key of a loop, in percent, semitones and cents; what stays as it is is left out.
 * @param {NewLoop} loop
 */
export function stretchOf({ speed, semitones, cents }) {
  return {
    ...(speed === null ? {} : { speed: 100 * speed }),
    ...(semitones === null ? {} : { semitones }),
    ...(cents === null ? {} : { cents }),
  };
}

export class SavedLoops {
  /** @type {SavedLoop[]} */
  loops = [];

  /**
   * @param {HTMLDetailsElement} menu of somebody with an account
   * @param {Engine} engine
   * @param {StretchControls} stretch
   */
  constructor(menu, engine, stretch) {
    this.menu = menu;
    this.engine = engine;
    this.stretch = stretch;
    this.address = menu.dataset.address ?? "";
    this.list = getElement(menu, "[data-loop-list]", HTMLElement);
    this.none = getElement(menu, "[data-loops-none]", HTMLElement);
    this.count = getElement(menu, "[data-loops-count]", HTMLElement);
    this.template = getElement(menu, "template", HTMLTemplateElement);
    this.line = getElement(menu, "[data-loops-report]", HTMLElement);
    const form = getElement(menu, "[data-loop-form]", HTMLFormElement);
    const name = getElement(form, "input", HTMLInputElement);
    const save = getElement(form, "button", HTMLButtonElement);
    const hint = getElement(form, "[data-loop-hint]", HTMLElement);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (await this.#add({ name: name.value, ...this.#heard })) name.value = "";
    });
    const follow = () => {
      save.disabled = !engine.loop;
      hint.hidden = engine.loop !== null;
    };
    engine.addEventListener("loop", follow);
    follow();
  }

  /** The loop that is heard, with speed and key. */
  get #heard() {
    const { loop, recording } = this.engine;
    const { speed, semitones, cents } = this.stretch.kept;
    const [from, to] = [loop?.from ?? 0, loop?.to ?? 0].map((frame) => frame / recording.rate);
    return { from: from ?? 0, to: to ?? 0, speed: speed / 100, semitones, cents };
  }

  /** @param {SavedLoop[]} loops */
  show(loops) {
    this.loops = inOrder(loops);
    this.count.textContent = String(loops.length || "");
    this.none.hidden = loops.length > 0;
    this.list.replaceChildren(...this.loops.map((loop) => this.#row(loop)));
  }

  /**
   * Play a loop from its beginning, at its speed and in its key.
   * @param {SavedLoop} loop
   */
  play(loop) {
    const { rate, frames } = this.engine.recording;
    const from = Math.min(Math.round(rate * loop.from), frames - 1);
    this.engine.setLoop({ from, to: Math.min(Math.round(rate * loop.to), frames) });
    this.stretch.set(stretchOf(loop));
    this.engine.seek(from);
    this.engine.play();
    this.menu.open = false;
    getElement(this.menu, "summary", HTMLElement).focus({ preventScroll: true });
  }

  /** @param {SavedLoop} loop */
  #row(loop) {
    const row = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
    /** @param {string} name */
    const button = (name) => getElement(row, `[data-loop-${name}]`, HTMLButtonElement);
    const form = getElement(row, "form", HTMLFormElement);
    const field = getElement(form, "input", HTMLInputElement);
    const actions = getElement(row, "[data-loop-actions]", HTMLElement);
    const [play, rename] = [button("play"), button("rename")];
    getElement(play, "[data-loop-name]", HTMLElement).textContent = loop.name;
    getElement(play, "[data-loop-about]", HTMLElement).textContent = describeLoop(loop);
    rename.setAttribute("aria-label", message("loopRename", { name: loop.name }));
    button("remove").setAttribute("aria-label", message("loopRemove", { name: loop.name }));
    /** @param {boolean} isOpen */
    const toggle = (isOpen) => {
      form.hidden = !isOpen;
      actions.hidden = isOpen;
      field.value = loop.name;
      (isOpen ? field : rename).focus();
    };
    play.addEventListener("click", () => this.play(loop));
    rename.addEventListener("click", () => toggle(true));
    button("remove").addEventListener("click", () => this.#remove(loop));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      toggle(false);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#rename(loop, field.value);
    });
    return row;
  }

  /**
   * Send a change, and say what went wrong; resolves to the answer of one that was made.
   * @param {"POST" | "PATCH" | "DELETE"} method
   * @param {string} id of a loop, empty for a new one
   * @param {unknown} [body]
   */
  async #send(method, id, body) {
    const answer = await keep(id ? `${this.address}${id}/` : this.address, method, body);
    this.line.textContent = "";
    if (answer?.ok) return answer.body;
    if (id && answer?.status === 404) await this.#miss(id);
    else if (answer && isSessionEnded(answer.status, answer.body.code)) offerSignIn(this.line);
    else this.line.textContent = answer?.body.detail ?? message("loopLost");
    return null;
  }

  /**
   * A loop was removed elsewhere: show those that there are.
   * @param {string} id
   */
  async #miss(id) {
    this.show((await loadKept(this.address)) ?? this.loops.filter((loop) => loop.id !== id));
    this.line.textContent = message("loopGone");
    getElement(this.menu, "summary", HTMLElement).focus(); // what had the focus is gone as well
  }

  /** @param {NewLoop} loop */
  async #add(loop) {
    const added = await this.#send("POST", "", loop);
    if (!added) return false;
    this.show([...this.loops, added]);
    this.line.textContent = message("loopSaved", { name: added.name });
    return true;
  }

  /**
   * @param {SavedLoop} loop
   * @param {string} name
   */
  async #rename(loop, name) {
    const changed = await this.#send("PATCH", loop.id, { name });
    if (!changed) return;
    this.show(this.loops.map((each) => (each.id === loop.id ? changed : each)));
    this.#focus(changed.id);
  }

  /** @param {SavedLoop} loop */
  async #remove(loop) {
    if (!(await this.#send("DELETE", loop.id))) return;
    this.show(this.loops.filter(({ id }) => id !== loop.id));
    const { id: _, ...values } = loop;
    const undo = document.createElement("button");
    undo.type = "button";
    undo.className = "toggle";
    undo.textContent = message("undo");
    undo.addEventListener("click", async () => {
      undo.disabled = true;
      await this.#add(values);
      getElement(this.menu, "summary", HTMLElement).focus();
    });
    this.line.replaceChildren(`${message("loopRemoved", { name: loop.name })} `, undo);
    undo.focus();
  }

  /** @param {string} id */
  #focus(id) {
    const row = this.list.children[this.loops.findIndex((each) => each.id === id)];
    if (row) findElement(row, "[data-loop-rename]", HTMLButtonElement)?.focus();
  }
}
