// Stars for a separation or a part of it: five radio buttons, kept as soon as one is chosen.

import { callApi, isSessionEnded, NetworkError } from "stemoteca/api";
import { findElements, getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { offerSignIn } from "stemoteca/session";

const DELAY = 400; // milliseconds: who walks along with the arrow keys means the last one

/** @typedef {{ average: number, count: number }} Summary */

/** @param {Summary} summary */
function summaryMessage({ average, count }) {
  if (!count) return message("starsNone");
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return message(count === 1 ? "starsOne" : "starsMany", { average: format.format(average), n: count });
}

/**
 * Bring the fieldset `root` to life.
 * @param {HTMLElement} root
 */
export function takeRating(root) {
  const { stars: address = "", stem = "" } = root.dataset;
  const radios = findElements(root, "input[type=radio]", HTMLInputElement);
  const back = getElement(root, "[data-stars-back]", HTMLButtonElement);
  const summary = getElement(root, "[data-stars-said]", HTMLElement);
  const line = getElement(root.closest("section") ?? document, "[data-stars-report]", HTMLElement);
  const what = getElement(root, "legend", HTMLElement).textContent.trim();
  let kept = radios.find((radio) => radio.checked)?.value ?? null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const show = () => {
    for (const radio of radios) radio.checked = radio.value === kept;
    back.hidden = kept === null;
  };
  /** @param {string | null} score */
  const save = async (score) => {
    const options =
      score === null ? { method: "DELETE", body: { stem } } : { method: "PUT", body: { stem, score: Number(score) } };
    const answer = await callApi(address, options);
    if (isSessionEnded(answer.status, answer.body.code)) return offerSignIn(line);
    const all = answer.ok && score === null ? await callApi(address) : answer;
    if (!all.ok) return failed();
    /** @type {Summary & { stems: (Summary & { name: string })[] }} */
    const rating = all.body;
    const shown = stem ? rating.stems.find((each) => each.name === stem) : rating;
    summary.textContent = shown ? summaryMessage(shown) : "";
    kept = score;
    line.textContent = score === null ? message("starsBack", { what }) : message("starsThanks", { n: score, what });
  };
  const failed = () => {
    line.textContent = message("starsFailed");
  };
  /** @param {string | null} score */
  const send = async (score) => {
    try {
      await save(score);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      failed();
    } finally {
      show();
    }
  };

  for (const radio of radios) {
    radio.addEventListener("change", () => {
      clearTimeout(timer);
      timer = setTimeout(() => send(radio.value), DELAY);
    });
  }
  back.addEventListener("click", async () => {
    clearTimeout(timer);
    await send(null);
    radios[0]?.focus();
  });
  for (const radio of radios) radio.disabled = false;
  show();
}
