// The page with the beats of a song: tap along with the song, and take the moment that is playing into a form.

import { nearestBeat, tempoOf } from "stemoteca/beats/tempo";
import { findElement, getElement } from "stemoteca/dom";
import { formatDecimal, interpolate } from "stemoteca/formatting";
import { isPointed, listenToKeyboard } from "stemoteca/player/controls/keyboard";

const MOST_TAPS = 1000;

const audio = findElement(document, ".beats-audio", HTMLAudioElement);
if (audio) {
  startTapping(audio, getElement(document, "#tapping", HTMLElement));
  const here = findElement(document, "[data-here]", HTMLButtonElement);
  if (here) offerMoment(audio, here);
  const error = getElement(document, "#audio-error", HTMLElement);
  audio.addEventListener("error", () => {
    error.hidden = false;
  });
  audio.addEventListener("playing", () => {
    error.hidden = true;
  });
}

/**
 * Collect taps of the button and of the key.
 * @param {HTMLAudioElement} audio
 * @param {HTMLElement} section
 */
function startTapping(audio, section) {
  const button = getElement(section, "[data-tap]", HTMLButtonElement);
  const status = getElement(section, "[data-taps]", HTMLElement);
  const field = getElement(section, "input[name=taps]", HTMLInputElement);
  const submit = getElement(section, "form button[type=submit]", HTMLButtonElement);
  /** @type {number[]} */
  let taps = [];

  /** @param {number[]} wanted */
  const show = (wanted) => {
    taps = wanted;
    field.value = JSON.stringify(taps);
    submit.disabled = taps.length < 4;
    const tempo = tempoOf(taps);
    const { text = "", tempoText = "" } = status.dataset;
    const values = { n: taps.length, tempo: tempo === null ? "" : formatDecimal(tempo, 1) };
    status.textContent = taps.length ? interpolate(tempo === null ? text : tempoText, values) : "";
  };

  const tap = () => {
    if (audio.paused) {
      audio.play(); // there is nothing to tap along with yet
      return;
    }
    if (taps.length >= MOST_TAPS) return;
    const { currentTime } = audio;
    // Whoever jumps back begins anew.
    const earlier = taps.at(-1) ?? 0;
    show(currentTime < earlier ? [currentTime] : [...taps, currentTime]);
  };

  button.addEventListener("pointerdown", tap);
  button.addEventListener("keydown", (event) => {
    if (!event.repeat && (event.key === "Enter" || (event.key === " " && !isPointed(button)))) tap();
  });
  const toggle = () => (audio.paused ? audio.play() : audio.pause());
  listenToKeyboard({ Space: toggle, t: tap });
  getElement(section, "[data-again]", HTMLButtonElement).addEventListener("click", () => show([]));
  show([]);
  section.hidden = false;
}

/**
 * Let a button fill in the moment that is playing, and the beat next to it.
 * @param {HTMLAudioElement} audio
 * @param {HTMLButtonElement} button
 */
function offerMoment(audio, button) {
  /** @type {number[]} */
  const beats = JSON.parse(getElement(document, "#beats", HTMLScriptElement).text);
  const beat = getElement(document, "#move_beat", HTMLInputElement);
  const seconds = getElement(document, "#move_seconds", HTMLInputElement);
  button.hidden = false;
  button.addEventListener("click", () => {
    beat.value = String(nearestBeat(beats, audio.currentTime) + 1);
    seconds.value = audio.currentTime.toFixed(3);
    seconds.focus();
  });
}
