// The speed trainer: each pass of the loop is a little faster than the one before, up to a goal.

import { getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/controls/stretch_controls").StretchControls} StretchControls */

const KEY = "stemoteca.trainer";

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
 * Name the text that says what the trainer does.
 * @param {number} speed now, in percent
 * @param {number | null} start the speed with which it began, null before the first pass is over
 * @param {number} goal
 * @param {boolean} loops whether there is a loop
 */
export function trainerText(speed, start, goal, loops) {
  if (speed >= goal) return start === null ? "trainerGoalTooLow" : "trainerDone";
  return loops ? "trainerRuns" : "trainerNeedsLoop";
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
  const line = getElement(root, "[data-trainer-says]", HTMLElement);
  const again = getElement(root, "[data-trainer-again]", HTMLButtonElement);
  const stored = readStored(KEY);
  const show = () => {
    const { speed } = engine.stretch;
    const values = { speed, step: step.value, goal: goal.value };
    const text = trainerText(speed, stretch.start, Number(goal.value), engine.loop !== null);
    line.textContent = box.checked ? message(text, values) : "";
    again.hidden = stretch.start === null || stretch.start === speed;
    again.textContent = message("trainerAgain", { speed: stretch.start ?? speed });
  };
  for (const field of [step, goal]) {
    const limit = () => {
      const wanted = Math.round(Number(field.value)) || Number(field.defaultValue);
      field.value = String(Math.min(Math.max(wanted, Number(field.min)), Number(field.max)));
    };
    field.value = String(Number(stored?.[field === step ? "step" : "goal"]) || field.defaultValue);
    limit();
    field.addEventListener("change", () => {
      limit();
      store(KEY, { step: Number(step.value), goal: Number(goal.value) });
      show();
    });
  }
  box.checked = false; // browsers remember what was checked before the page was loaded again
  box.addEventListener("change", () => {
    if (!box.checked) stretch.set({ speed: engine.stretch.speed });
    show();
  });
  again.addEventListener("click", () => {
    stretch.set({ speed: stretch.start ?? engine.stretch.speed });
    box.focus();
  });
  for (const change of ["stretch", "loop"]) engine.addEventListener(change, show);
  engine.addEventListener("pass", () => {
    const { speed } = engine.stretch;
    const next = nextSpeed(speed, Number(step.value), Number(goal.value));
    if (box.checked && next !== speed) stretch.train(next);
  });
  show();
}
