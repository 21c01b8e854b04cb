// A song's page: the player when the parts are there, else how far they are; it becomes the player by itself.

import { offerDownloads } from "stemoteca/downloads";
import { offerMix } from "stemoteca/mixdown";
import { start } from "stemoteca/player";
import { takeStars } from "stemoteca/stars";
import { follow } from "stemoteca/waiting";
import { left } from "stemoteca/words";

const CODEC = "stemoteca.codec";
// A setlist is played through: this song begins by itself, and the next one follows.
const through = new URL(location.href).searchParams.has("play");
const stage = document.getElementById("stage");

/** The middle of the page as it is now. */
async function fragment() {
  const address = new URL(location.href);
  address.searchParams.set("fragment", "stage");
  const answer = await fetch(address);
  return answer.ok ? answer.text() : "";
}

async function again() {
  const html = await fragment();
  if (!html) return;
  stage.innerHTML = html;
  begin();
  // For those who do not see that the page has changed.
  const heading = stage.querySelector(".says h2") ?? stage.querySelector("[data-state]");
  document.getElementById("said").textContent = heading?.getAttribute("aria-label") ?? heading?.textContent ?? "";
}

function begin() {
  const here = stage.querySelector("[data-state]");
  const set = JSON.parse(stage.querySelector("#player")?.textContent ?? "null");
  const player = set && start(here, set);
  if (player && through) playThrough(player);
  if (player && set.ready !== null) grow(here, player);
  else if (!player && here?.dataset.separation) wait(here);
  below(player);
}

/** Play this song, and then go on to the next one of the setlist that can be played. */
function playThrough(player) {
  const next = document.querySelector(".through")?.dataset.follows;
  player.engine.addEventListener("state", ({ detail }) => {
    if (detail === "ended" && next) location.assign(next);
  });
  player.playUnasked();
}

/** Let the player have what is made while it plays; when all is, the rest of the page changes around it. */
async function grow(here, player) {
  const show = (separation) => {
    if (separation.status !== "running") return;
    progress(separation);
    player.grow(Math.min(...separation.stems.map((stem) => stem.segments_ready)));
  };
  const last = await follow(here.dataset.separation, show);
  if (last?.status !== "succeeded") {
    player.engine.pause();
    again();
    return;
  }
  player.grow(Infinity);
  here.dataset.state = last.status;
  const fresh = document.createElement("div");
  fresh.innerHTML = await fragment();
  while (here.nextElementSibling) here.nextElementSibling.remove();
  here.after(...[...fresh.children].slice([...fresh.children].findIndex((each) => each.matches(".player")) + 1));
  below(player);
}

function progress(separation) {
  const eta = stage.querySelector("[data-eta]");
  if (eta) eta.textContent = left(separation.eta_seconds);
  const percent = stage.querySelector("[data-percent]");
  if (percent) percent.textContent = `${Math.min(99, Math.floor(separation.progress * 100))} %`;
}

/** Show progress as it comes; anything else that changes is drawn anew by the server. */
function wait(here) {
  const { state, position } = here.dataset;
  const stop = new AbortController();
  const grown = here.querySelector("#grown rect");
  const width = Number(grown?.ownerSVGElement.viewBox.baseVal.width ?? 0);
  const show = (separation) => {
    const moved = String(separation.queue_position ?? "") !== (position ?? "");
    const audible = separation.stems.some((stem) => stem.segments_ready > 0);
    if (separation.status !== state || moved || audible) {
      stop.abort();
      again();
      return;
    }
    progress(separation);
    grown?.setAttribute("width", width * separation.progress);
  };
  follow(here.dataset.separation, show, stop.signal);
}

/** What stands below a player that is ready. */
function below(player) {
  const form = stage.querySelector("[data-take]");
  if (form) {
    formats(form);
    offerDownloads(form);
  }
  const mix = form?.querySelector("[data-mix]");
  if (mix && player) offerMix(mix, form, player.mixer);
  for (const stars of stage.querySelectorAll("[data-stars]")) takeStars(stars);
}

/** Offer only the bitrates that the chosen format has; the format is remembered in this browser. */
function formats(form) {
  const { codec, bitrate } = form.elements;
  const fit = () => {
    let any = false;
    for (const option of bitrate.options) {
      if (!option.value) continue;
      const fits = option.dataset.codecs.split(" ").includes(codec.value);
      option.hidden = option.disabled = !fits;
      any ||= fits;
      if (!fits && option.selected) bitrate.value = "";
    }
    bitrate.closest(".field").hidden = !any;
    bitrate.disabled = !any;
  };
  try {
    const known = localStorage.getItem(CODEC);
    if ([...codec.options].some((option) => option.value === known)) codec.value = known;
  } catch {
    // a forbidden storage only means that nothing is remembered
  }
  codec.addEventListener("change", () => {
    fit();
    try {
      localStorage.setItem(CODEC, codec.value);
    } catch {
      // as above
    }
  });
  fit();
}

begin();
