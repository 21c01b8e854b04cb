// "Download this mix": one file with the volumes and pans of the lanes, and speed, key and cut of its own fields, which
// follow the player's. The server makes it; until it is there we ask how far it is.

import { findElement, getElement } from "stemoteca/dom";
import { formatDecimal, formatExactTime, parseTime } from "stemoteca/formatting";
import { message } from "stemoteca/messages";
import { fetchWhenReady } from "stemoteca/player/downloads";
import { gainOf, loudness, partsOf } from "stemoteca/player/sound/levels";

/** @typedef {import("stemoteca/player/controls/mixer").Mixer} Mixer */
/** @typedef {import("stemoteca/player/sound/levels").Level} Level */

/**
 * A lane; `separation` is the id of that which its parts come from.
 * @template T
 * @typedef {Level & T & { isUnfolded?: boolean, separation?: string, parts?: (Level & T)[] }} Unfoldable
 */

/**
 * @typedef {{ tempo?: number, semitones?: number, cents?: number, from?: number, to?: number, click?: number,
 *   countin?: number }} Changes
 */

/**
 * Write the mix as the server understands it; what is left as it is is left out.
 * @param {Unfoldable<{ name: string }>[]} lanes
 * @param {Changes} changes `tempo` 1 for that of the song; `from` and `to` in seconds, NaN for the song's own ends;
 *   `click` is the gain of the metronome, `countin` a number of bars
 */
export function mixQuery(lanes, changes) {
  const { tempo = 1, semitones = 0, cents = 0, from = NaN, to = NaN, click = 0, countin = 0 } = changes;
  const query = new URLSearchParams();
  /**
   * @param {Level & { name: string }} lane
   * @param {number} volume
   */
  const write = (lane, volume) => {
    const gain = formatDecimal(volume, 3);
    if (gain !== "1") query.set(lane.name, gain);
    if (gain !== "0" && lane.pan !== 0) query.set(`${lane.name}_pan`, formatDecimal(lane.pan / 100, 2));
  };
  const unfolded = [];
  for (const lane of lanes) {
    const volume = loudness(lane, lanes);
    write(lane, volume);
    if (volume === 0 || !lane.isUnfolded) continue;
    for (const part of partsOf(lane)) write(part, loudness(part, lanes) / volume);
    unfolded.push(lane.separation);
  }
  if (unfolded.length) query.set("unfolded", unfolded.join(","));
  if (tempo !== 1) query.set("tempo", formatDecimal(tempo, 3));
  if (semitones !== 0) query.set("semitones", formatDecimal(semitones, 2));
  if (cents !== 0) query.set("cents", formatDecimal(cents, 2));
  if (from > 0) query.set("from", formatDecimal(from, 6));
  if (to >= 0) query.set("to", formatDecimal(to, 6));
  if (click > 0) query.set("click", formatDecimal(click, 3));
  if (countin > 0) query.set("countin", String(countin));
  return query;
}

/**
 * The same in words: "Without Singer · Bass at 40 %, 20 percent left".
 * @param {Unfoldable<{ label: string }>[]} lanes
 */
function describeMix(lanes) {
  /** @param {{ label: string }[]} some */
  const labels = (some) => some.map((lane) => lane.label).join(", ");
  const single = lanes.flatMap((lane) => (loudness(lane, lanes) > 0 && lane.isUnfolded ? partsOf(lane) : [lane]));
  const heard = single.filter((lane) => loudness(lane, lanes) > 0);
  const silent = single.filter((lane) => loudness(lane, lanes) === 0);
  const parts = [];
  if (!heard.length) return message("mixSilent");
  if (heard.length > 0 && heard.length < silent.length) parts.push(message("mixOnly", { stems: labels(heard) }));
  else if (silent.length) parts.push(message("mixWithout", { stems: labels(silent) }));
  const whole = lanes.filter((lane) => lane.isUnfolded && !single.includes(lane));
  for (const lane of [...whole, ...heard].filter(({ volume, pan }) => volume !== 100 || pan !== 0)) {
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
 * @param {AbortSignal} signal ends it, as the player may stay
 */
export function offerMix(root, form, mixer, signal) {
  const description = getElement(root, "[data-mix-says]", HTMLElement);
  const button = getElement(root, "[data-mix-take]", HTMLButtonElement);
  const bar = getElement(root, "[data-mix-progress]", HTMLProgressElement);
  const line = getElement(root, "[data-mix-report]", HTMLElement);
  const tempo = getElement(root, "#mix-tempo", HTMLInputElement);
  const semitones = getElement(root, "#mix-semitones", HTMLInputElement);
  const cents = getElement(root, "#mix-cents", HTMLInputElement);
  const from = getElement(root, "#mix-from", HTMLInputElement);
  const to = getElement(root, "#mix-to", HTMLInputElement);
  const beats = getElement(root, "[data-mix-beats]", HTMLElement);
  const click = getElement(beats, "#mix-click", HTMLInputElement);
  const countin = getElement(beats, "#mix-countin", HTMLInputElement);
  const fields = [tempo, semitones, cents, from, to, click, countin];
  const codec = getElement(form, "[name=codec]", HTMLSelectElement);
  const bitrate = findElement(form, "[name=bitrate]", HTMLSelectElement);
  let isBusy = false;
  const show = () => {
    description.textContent = describeMix(mixer.lanes);
    const isSilent = mixer.lanes.every((lane) => loudness(lane, mixer.lanes) === 0);
    button.disabled = isBusy || (isSilent && !Number(click.value));
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
  /**
   * The seconds of an end: of the loop to the frame, which the field shows rounded, unless it was changed.
   * @param {HTMLInputElement} field
   * @param {"from" | "to"} edge
   */
  const seconds = (field, edge) => {
    const { loop, recording } = mixer.engine;
    const exact = loop ? loop[edge] / recording.rate : NaN;
    return loop && field.value === formatExactTime(exact) ? exact : parseTime(field.value);
  };
  const { metronome } = mixer.engine;
  const followMetronome = () => {
    const { isOn, volume } = metronome.choice;
    beats.hidden = !metronome.beats.length;
    click.value = String(isOn && !beats.hidden ? volume : 0);
    countin.value = String(metronome.bars);
    show();
  };
  for (const change of ["choice", "beats"]) metronome.addEventListener(change, followMetronome, { signal });
  click.addEventListener("input", show);
  mixer.addEventListener("change", show, { signal });
  mixer.engine.addEventListener("stretch", followStretch, { signal });
  mixer.engine.addEventListener("loop", followLoop, { signal });
  followStretch();
  followLoop();
  followMetronome();
  root.hidden = false;
  const forget = () => {
    if (!isBusy) line.textContent = ""; // it was said of what has been corrected by now
  };
  form.addEventListener("input", forget);
  for (const change of ["stretch", "loop"]) mixer.engine.addEventListener(change, forget, { signal });
  mixer.addEventListener("change", forget, { signal });
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
      from: seconds(from, "from"),
      to: seconds(to, "to"),
      click: gainOf(Number(click.value)),
      countin: Number(countin.value),
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
