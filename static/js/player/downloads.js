// Downloads that the server may have to make first: until the file is there we ask how far it is, then fetch it.

import { callApi, isSessionEnded, NetworkError, SessionEndedError } from "stemoteca/api";
import { getElement } from "stemoteca/dom";
import { message } from "stemoteca/messages";
import { offerSignIn } from "stemoteca/session";

const POLL = 700; // milliseconds
const TRIES = 8; // in a row without an answer
const BUSY = 10; // seconds, where the server does not say how long

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** The server does not make this file; the message is its sentence. */
class DownloadError extends Error {}

/**
 * Have a file made and fetch it.
 * @param {string} address
 * @param {HTMLProgressElement} bar shows how far it is
 * @param {HTMLElement} line says so, and what went wrong
 */
export async function fetchWhenReady(address, bar, line) {
  try {
    await waitUntilReady(address, (percent) => {
      bar.hidden = percent === null;
      bar.value = percent ?? 0;
      line.textContent = percent === null ? message("fileWaiting") : message("mixMaking", { percent });
    });
    line.textContent = message("mixReady");
    location.assign(address);
  } catch (error) {
    if (error instanceof SessionEndedError) offerSignIn(line);
    else if (error instanceof DownloadError) line.textContent = error.message || message("fileOffline");
    else if (error instanceof NetworkError) line.textContent = message("fileOffline");
    else throw error;
  } finally {
    bar.hidden = true;
  }
}

/**
 * Bring the buttons of `form` that download a file each to life.
 * @param {HTMLFormElement} form
 */
export function offerDownloads(form) {
  const bar = getElement(form, "[data-take-progress]", HTMLProgressElement);
  const line = getElement(form, "[data-take-report]", HTMLElement);
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement) || !button.hasAttribute("formaction")) return;
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) query.append(name, String(value));
    await fetchWhenReady(`${button.getAttribute("formaction")}?${query}`, bar, line);
    button.disabled = false;
  });
}

/**
 * Resolve when the file can be fetched.
 * @param {string} address
 * @param {(percent: number | null) => void} onProgress hears null while the server is too busy
 */
async function waitUntilReady(address, onProgress) {
  const headers = { Prefer: "respond-async", Range: "bytes=0-0" };
  for (let missed = 0; ; ) {
    try {
      const answer = await callApi(address, { headers, redirect: "manual" });
      missed = 0;
      if (answer.redirected || [200, 206].includes(answer.status)) return;
      const { code, detail, progress } = answer.body;
      if (isSessionEnded(answer.status, code)) throw new SessionEndedError();
      const busy = answer.status === 503 && code === "busy";
      if (answer.status !== 202 && !busy) throw new DownloadError(detail ?? "");
      onProgress(busy ? null : Math.floor(100 * progress));
      await pause(busy ? 1000 * Number(answer.headers.get("Retry-After") || BUSY) : POLL);
    } catch (error) {
      missed += 1;
      if (!(error instanceof NetworkError) || missed === TRIES) throw error;
      await pause(POLL);
    }
  }
}
