// Stars for a separation or a part of it: five radio buttons, kept as soon as one is chosen.

import { askToSignIn, csrfToken, isSessionEnded, SessionEnded } from "stemoteca/session";
import { say } from "stemoteca/words";

const SETTLE = 400; // ms: who walks along with the arrow keys means the last one

function summary({ average, count }) {
  if (!count) return say("starsNone");
  const format = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  return say(count === 1 ? "starsOne" : "starsMany", { average: format.format(average), n: count });
}

/** Bring the fieldset `root` to life. */
export function takeStars(root) {
  const { stars: address, stem } = root.dataset;
  const radios = [...root.querySelectorAll("input[type=radio]")];
  const back = root.querySelector("[data-stars-back]");
  const said = root.querySelector("[data-stars-said]");
  const line = root.closest("section").querySelector("[data-stars-report]");
  const what = root.querySelector("legend").textContent.trim();
  let kept = radios.find((radio) => radio.checked)?.value ?? null;
  let timer = 0;

  const show = () => {
    for (const radio of radios) radio.checked = radio.value === kept;
    back.hidden = kept === null;
  };
  const send = async (score) => {
    const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    try {
      const method = score === null ? "DELETE" : "PUT";
      const body = JSON.stringify(score === null ? { stem } : { stem, score: Number(score) });
      const answer = await fetch(address, { method, headers, body });
      if (!answer.ok) {
        const { code } = await answer.json();
        throw isSessionEnded(answer.status, code) ? new SessionEnded() : new Error(code);
      }
      const all = score === null ? await (await fetch(address)).json() : await answer.json();
      said.textContent = summary(stem ? all.stems.find((each) => each.name === stem) : all);
      kept = score;
      line.textContent = score === null ? say("starsBack", { what }) : say("starsThanks", { n: score, what });
    } catch (error) {
      if (error instanceof SessionEnded) askToSignIn(line);
      else line.textContent = say("starsFailed");
    }
    show();
  };

  for (const radio of radios) {
    radio.addEventListener("change", () => {
      clearTimeout(timer);
      timer = setTimeout(() => send(radio.value), SETTLE);
    });
  }
  back.addEventListener("click", () => {
    clearTimeout(timer);
    send(null).then(() => radios[0].focus());
  });
  for (const radio of radios) radio.disabled = false;
  show();
}
