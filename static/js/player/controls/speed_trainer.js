// The speed trainer: each pass of the loop is a little faster than the one before, up to a goal.

import { getElement } from "stemoteca/dom";

/** @typedef {import("stemoteca/player/controls/stretch_controls").StretchControls} StretchControls */

/**
 * The speed of the next pass, in percent.
 * @param {number} speed of this one
 * @param {number} step 2 to 10
 * @param {number} goal
 */
export function nextSpeed(speed, step, goal) {
  return speed < goal ? Math.min(speed + Math.min(Math.max(step, 2), 10), goal) : speed;
}

/**
 * @param {HTMLElement} root
 * @param {StretchControls} stretch
 */
export function offerTrainer(root, stretch) {
  const { engine } = stretch;
  const box = getElement(root, "[data-trainer]", HTMLInputElement);
  const step = getElement(root, "[data-trainer-step]", HTMLInputElement);
  const goal = getElement(root, "[data-trainer-goal]", HTMLInputElement);
  for (const field of [step, goal]) {
    field.addEventListener("change", () => {
      const wanted = Math.round(Number(field.value)) || Number(field.defaultValue);
      field.value = String(Math.min(Math.max(wanted, Number(field.min)), Number(field.max)));
    });
  }
  box.checked = false; // browsers remember what was checked before the page was loaded again
  engine.addEventListener("pass", () => {
    const { speed } = engine.stretch;
    const next = nextSpeed(speed, Number(step.value) || 5, Number(goal.value) || 100);
    if (box.checked && next !== speed) stretch.set({ speed: next });
  });
}
