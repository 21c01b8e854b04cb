// A song's page: the player when the parts are there, else how far they are; it becomes the player by itself.

import { request } from "stemoteca/api";
import { findElement, findElements, getElement } from "stemoteca/dom";
import { percentDone } from "stemoteca/formatting";
import { remainingTimeMessage } from "stemoteca/messages";
import { offerDownloads } from "stemoteca/player/downloads";
import { offerMix } from "stemoteca/player/mixdown";
import { startPlayer } from "stemoteca/player/player";
import { takeRating } from "stemoteca/player/rating";
import { followSeparation } from "stemoteca/separation_progress";
import { readStored, store } from "stemoteca/storage";

/** @typedef {import("stemoteca/player/player").Recording} Recording */
/** @typedef {import("stemoteca/player/player").Player} Player */
/** @typedef {import("stemoteca/separation_progress").Separation} Separation */

const CODEC = "stemoteca.codec";
const playsAtOnce = new URL(location.href).searchParams.has("play");
const section = getElement(document, "#track-separation", HTMLElement);

/** Fetch the middle of the page as it is now; empty where that cannot be had. */
async function fetchStage() {
  const address = new URL(location.href);
  address.searchParams.set("fragment", "separation");
  const answer = await request(address);
  return answer.ok ? answer.text() : "";
}

async function reloadStage() {
  const html = await fetchStage();
  if (!html) return;
  section.innerHTML = html;
  begin();
  // For those who do not see that the page has changed.
  const heading = section.querySelector(".separation-state h2") ?? section.querySelector("[data-state]");
  const status = getElement(document, "#track-status", HTMLElement);
  status.textContent = heading?.getAttribute("aria-label") ?? heading?.textContent ?? "";
}

function begin() {
  const state = findElement(section, "[data-state]", HTMLElement);
  /** @type {Recording | null} */
  const recording = JSON.parse(section.querySelector("#player")?.textContent ?? "null");
  const player = state && recording && startPlayer(state, recording);
  if (player && playsAtOnce) player.playUnasked();
  if (player && recording.ready !== null) growPlayer(state, player);
  else if (!player && state?.dataset.separation) waitForChange(state);
  enhanceBelow(player);
}

/**
 * Let the player have what is made while it plays; when all is, the rest of the page changes around it.
 * @param {HTMLElement} state
 * @param {Player} player
 */
async function growPlayer(state, player) {
  const last = await followSeparation(state.dataset.separation ?? "", (separation) => {
    if (separation.status !== "running") return;
    showProgress(separation);
    player.grow(Math.min(...separation.stems.map((stem) => stem.segments_ready)));
  });
  if (last?.status !== "succeeded") {
    player.engine.pause();
    reloadStage();
    return;
  }
  player.grow(Infinity);
  state.dataset.state = last.status;
  const fresh = document.createElement("div");
  fresh.innerHTML = await fetchStage();
  const children = [...fresh.children];
  while (state.nextElementSibling) state.nextElementSibling.remove();
  state.after(...children.slice(children.findIndex((each) => each.matches("[data-state]")) + 1));
  enhanceBelow(player);
}

/** @param {Separation} separation */
function showProgress(separation) {
  const remaining = section.querySelector("[data-eta]");
  if (remaining) remaining.textContent = remainingTimeMessage(separation.eta_seconds);
  const percent = section.querySelector("[data-percent]");
  if (percent) percent.textContent = `${percentDone(separation.progress)} %`;
}

/**
 * Show progress as it comes; anything else that changes is drawn anew by the server.
 * @param {HTMLElement} element
 */
function waitForChange(element) {
  const { separation: address = "", state, position = "" } = element.dataset;
  const stop = new AbortController();
  const done = findElement(element, "#grown rect", SVGRectElement);
  const width = done?.ownerSVGElement?.viewBox.baseVal.width ?? 0;
  followSeparation(
    address,
    (separation) => {
      const moved = String(separation.queue_position ?? "") !== position;
      const audible = separation.stems.some((stem) => stem.segments_ready > 0);
      if (separation.status !== state || moved || audible) {
        stop.abort();
        reloadStage();
        return;
      }
      showProgress(separation);
      done?.setAttribute("width", String(width * separation.progress));
    },
    stop.signal,
  );
}

/**
 * Bring what stands below a player that is ready to life.
 * @param {Player | null} player
 */
function enhanceBelow(player) {
  const form = findElement(section, "[data-take]", HTMLFormElement);
  if (form) {
    offerFormats(form);
    offerDownloads(form);
    const mix = findElement(form, "[data-mix]", HTMLElement);
    if (mix && player) offerMix(mix, form, player.mixer);
  }
  for (const stars of findElements(section, "fieldset[data-stars]", HTMLElement)) takeRating(stars);
}

/**
 * Offer only the bitrates that the chosen format has; the format is remembered in this browser.
 * @param {HTMLFormElement} form
 */
function offerFormats(form) {
  const codec = getElement(form, "[name=codec]", HTMLSelectElement);
  const bitrate = getElement(form, "[name=bitrate]", HTMLSelectElement);
  const field = getElement(form, "[data-bitrate-field]", HTMLElement);
  const fit = () => {
    let any = false;
    for (const option of bitrate.options) {
      if (!option.value) continue;
      const fits = (option.dataset.codecs ?? "").split(" ").includes(codec.value);
      option.hidden = !fits;
      option.disabled = !fits;
      any ||= fits;
      if (!fits && option.selected) bitrate.value = "";
    }
    field.hidden = !any;
    bitrate.disabled = !any;
  };
  const known = readStored(CODEC);
  if ([...codec.options].some((option) => option.value === known)) codec.value = known;
  codec.addEventListener("change", () => {
    fit();
    store(CODEC, codec.value);
  });
  fit();
}

begin();
