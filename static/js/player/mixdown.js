// "Download this mix": one file with the volumes and pans of the lanes, and speed, key and cut of its own fields, which
// follow the player's. The server makes it; until it is there we ask how far it is.

import { findElement, getElement } from "stemoteca/dom";
import { formatDecimal, formatExactTime, parseTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { fetchWhenReady } from "stemoteca/player/downloads";
import { loudness } from "stemoteca/player/sound/levels";

/** @typedef {import("stemoteca/player/controls/mixer").Mixer} Mixer */
/** @typedef {import("stemoteca/player/sound/levels").Level} Level */

/** @typedef {{ tempo?: number, semitones?: number, cents?: number, from?: number, to?: number }} Changes */

/**
 * Write the mix as the server understands it; what is left as it is is left out.
 * @param {(Level & { name: string })[]} lanes
 * @param {Changes} changes `tempo` 1 for that of the song; `from` and `to` in seconds, NaN for the song's own ends
 */
export function mixQuery(lanes, { tempo = 1, semitones = 0, cents = 0, from = NaN, to = NaN }) {
  const query = new URLSearchParams();
  for (const lane of lanes) {
    const gain = formatDecimal(loudness(lane, lanes), 3);
    if (gain !== "1") query.set(lane.name, gain);
    if (gain !== "0" && lane.pan !== 0) query.set(`${lane.name}_pan`, formatDecimal(lane.pan / 100, 2));
  }
  if (tempo !== 1) query.set("tempo", formatDecimal(tempo, 3));
  if (semitones !== 0) query.set("semitones", formatDecimal(semitones, 2));
  if (cents !== 0) query.set("cents", formatDecimal(cents, 2));
  if (from > 0) query.set("from", formatDecimal(from, 6));
  if (to >= 0) query.set("to", formatDecimal(to, 6));
  return query;
}

/**
 * The same in words: "Without Singer · Bass at 40 %, 20 percent left".
 * @param {(Level & { label: string })[]} lanes
 */
function describeMix(lanes) {
  /** @param {{ label: string }[]} some */
  const labels = (some) => some.map((lane) => lane.label).join(", ");
  const heard = lanes.filter((lane) => loudness(lane, lanes) > 0);
  const silent = lanes.filter((lane) => loudness(lane, lanes) === 0);
  const parts = [];
  if (!heard.length) return message("mixSilent");
  if (heard.length > 0 && heard.length < silent.length) parts.push(message("mixOnly", { stems: labels(heard) }));
  else if (silent.length) parts.push(message("mixWithout", { stems: labels(silent) }));
  for (const lane of heard.filter(({ volume, pan }) => volume !== 100 || pan !== 0)) {
    const level = message("mixLevel", { stem: lane.label, percent: lane.volume });
    const side = message(lane.pan < 0 ? "panLeft" : "panRight", { percent: Math.abs(lane.pan) });
    parts.push(lane.pan === 0 ? level : `${level}, ${side}`);
  }
  return parts.join(" · ") || message("mixAll");
}

/**
 * Bring the fieldset `root` of `form` to life.
 * @param {HTMLElement} root
 * @param {HTMLFormElement} form
 * @param {Mixer} mixer
 */
export function offerMix(root, form, mixer) {
  const description = getElement(root, "[data-mix-says]", HTMLElement);
  const button = getElement(root, "[data-mix-take]", HTMLButtonElement);
  const bar = getElement(root, "[data-mix-progress]", HTMLProgressElement);
  const line = getElement(root, "[data-mix-report]", HTMLElement);
  const tempo = getElement(root, "#mix-tempo", HTMLInputElement);
  const semitones = getElement(root, "#mix-semitones", HTMLInputElement);
  const cents = getElement(root, "#mix-cents", HTMLInputElement);
  const from = getElement(root, "#mix-from", HTMLInputElement);
  const to = getElement(root, "#mix-to", HTMLInputElement);
  const fields = [tempo, semitones, cents, from, to];
  const codec = getElement(form, "[name=codec]", HTMLSelectElement);
  const bitrate = findElement(form, "[name=bitrate]", HTMLSelectElement);
  let isBusy = false;
  const show = () => {
    description.textContent = describeMix(mixer.lanes);
    button.disabled = isBusy || mixer.lanes.every((lane) => loudness(lane, mixer.lanes) === 0);
  };
  const followStretch = () => {
    const { stretch } = mixer.engine;
    tempo.value = String(stretch.speed);
    semitones.value = String(stretch.semitones);
    cents.value = String(stretch.cents);
  };
  const followLoop = () => {
    const { loop, recording } = mixer.engine;
    from.value = loop ? formatExactTime(loop.from / recording.rate) : "";
    to.value = loop ? formatExactTime(loop.to / recording.rate) : "";
  };
  mixer.addEventListener("change", show);
  mixer.engine.addEventListener("stretch", followStretch);
  mixer.engine.addEventListener("loop", followLoop);
  followStretch();
  followLoop();
  show();
  root.hidden = false;
  const forget = () => {
    if (!isBusy) line.textContent = ""; // it was said of what has been corrected by now
  };
  form.addEventListener("input", forget);
  for (const change of ["stretch", "loop"]) mixer.engine.addEventListener(change, forget);
  mixer.addEventListener("change", forget);
  for (const field of fields) {
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // which would download the first part
      button.click();
    });
  }

  button.addEventListener("click", async () => {
    if (!fields.every((field) => field.reportValidity())) return;
    const query = mixQuery(mixer.lanes, {
      tempo: Number(tempo.value || 100) / 100,
      semitones: Number(semitones.value),
      cents: Number(cents.value),
      from: parseTime(from.value),
      to: parseTime(to.value),
    });
    query.set("codec", codec.value);
    if (bitrate && !bitrate.disabled) query.set("bitrate", bitrate.value);
    isBusy = true;
    show();
    await fetchWhenReady(`${root.dataset.mix}?${query}`, bar, line);
    isBusy = false;
    show();
  });
}
