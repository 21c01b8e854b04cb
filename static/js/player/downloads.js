// Downloads that the server may have to make first: until the file is there we ask how far it is, then fetch it.

import { askToSignIn, isSessionEnded, SessionEnded } from "stemoteca/session";
import { say } from "stemoteca/words";

const POLL = 700; // ms
const TRIES = 8; // in a row without an answer

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Have the file at `address` made and fetch it; `bar` and `line` show how far it is, and what went wrong. */
export async function fetchWhenReady(address, bar, line) {
  try {
    await ready(address, (percent) => {
      bar.hidden = percent === null;
      bar.value = percent ?? 0;
      line.textContent = percent === null ? say("fileWaiting") : say("mixMaking", { percent });
    });
    line.textContent = say("mixReady");
    location.assign(address);
  } catch (error) {
    if (error instanceof SessionEnded) askToSignIn(line);
    else line.textContent = error.message || say("fileOffline");
  }
  bar.hidden = true;
}

/** The buttons of `form` that download a file each. */
export function offerDownloads(form) {
  const [bar, line] = ["progress", "report"].map((name) => form.querySelector(`[data-take-${name}]`));
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button?.hasAttribute("formaction")) return;
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const query = new URLSearchParams(new FormData(form));
    await fetchWhenReady(`${button.getAttribute("formaction")}?${query}`, bar, line);
    button.disabled = false;
  });
}

/** Resolve when the file can be fetched; `progress` hears percents, or null while the server is too busy. An error's
 *  message is the server's sentence. */
async function ready(address, progress) {
  const headers = { Accept: "application/json", Prefer: "respond-async", Range: "bytes=0-0" };
  for (let missed = 0; missed < TRIES; ) {
    let answer = null;
    try {
      answer = await fetch(address, { headers, redirect: "manual" });
      missed = 0;
    } catch {
      missed += 1;
    }
    if (answer?.type === "opaqueredirect" || [200, 206].includes(answer?.status)) {
      answer.body?.cancel();
      return;
    }
    const said = answer ? await answer.json().catch(() => ({})) : {};
    if (answer && isSessionEnded(answer.status, said.code)) throw new SessionEnded();
    const busy = answer?.status === 503 && said.code === "busy";
    if (answer && answer.status !== 202 && !busy) throw new Error(said.detail ?? "");
    if (answer) progress(busy ? null : Math.floor(100 * said.progress));
    await pause(busy ? 1000 * Number(answer.headers.get("Retry-After") || 10) : POLL);
  }
  throw new Error("");
}
