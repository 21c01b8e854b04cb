// A song's page: the player when the parts are there, else how far they are; it becomes the player by itself.

import { start } from "stemoteca/player";
import { follow } from "stemoteca/waiting";
import { left } from "stemoteca/words";

const stage = document.getElementById("stage");

async function again() {
  const address = new URL(location.href);
  address.searchParams.set("fragment", "stage");
  const answer = await fetch(address);
  if (!answer.ok) return;
  stage.innerHTML = await answer.text();
  begin();
  // For those who do not see that the page has changed.
  const heading = stage.querySelector(".says h2") ?? stage.querySelector("[data-state]");
  document.getElementById("said").textContent = heading?.getAttribute("aria-label") ?? heading?.textContent ?? "";
}

function begin() {
  const here = stage.querySelector("[data-state]");
  const set = stage.querySelector("#player");
  if (set) start(here, JSON.parse(set.textContent));
  else if (here?.dataset.separation) wait(here);
  downloads();
}

/** Show progress as it comes; anything else that changes is drawn anew by the server. */
function wait(here) {
  const { state, position } = here.dataset;
  const stop = new AbortController();
  const grown = here.querySelector("#grown rect");
  const width = Number(grown?.ownerSVGElement.viewBox.baseVal.width ?? 0);
  const show = (separation) => {
    if (separation.status !== state || String(separation.queue_position ?? "") !== (position ?? "")) {
      stop.abort();
      again();
      return;
    }
    const eta = here.querySelector("[data-eta]");
    if (eta) eta.textContent = left(separation.eta_seconds);
    const percent = here.querySelector("[data-percent]");
    if (percent) percent.textContent = `${Math.min(99, Math.floor(separation.progress * 100))} %`;
    grown?.setAttribute("width", width * separation.progress);
  };
  follow(here.dataset.separation, show, stop.signal);
}

/** Offer only the bitrates that the chosen format has. */
function downloads() {
  const form = stage.querySelector("[data-take]");
  if (!form) return;
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
  codec.addEventListener("change", fit);
  fit();
}

begin();
