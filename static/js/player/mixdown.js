// "Download this mix": one file with the volumes of the lanes, and the tempo and the key of its own fields. The server
// makes it; until it is there we ask how far it is.

import { fetchWhenReady } from "stemoteca/downloads";
import { say } from "stemoteca/words";

const decimals = (number, places) => String(Number(number.toFixed(places)));

/** The mixer's lanes as the server understands them; what is left as it is is left out. */
export function recipe(mixer, tempo, semitones) {
  const query = new URLSearchParams();
  for (const lane of mixer.lanes) {
    const gain = decimals(mixer.loudness(lane), 3);
    if (gain !== "1") query.set(lane.name, gain);
  }
  if (tempo !== 1) query.set("tempo", decimals(tempo, 3));
  if (semitones !== 0) query.set("semitones", decimals(semitones, 2));
  return query;
}

/** The same in words: "Without Singer · Bass at 40 %". */
function inWords(mixer) {
  const labels = (lanes) => lanes.map((lane) => lane.label).join(", ");
  const heard = mixer.lanes.filter((lane) => mixer.loudness(lane) > 0);
  const silent = mixer.lanes.filter((lane) => mixer.loudness(lane) === 0);
  const few = heard.length > 0 && heard.length < silent.length;
  const parts = [];
  if (few) parts.push(say("mixOnly", { stems: labels(heard) }));
  else if (silent.length) parts.push(say("mixWithout", { stems: labels(silent) }));
  for (const lane of heard.filter((each) => each.volume < 100)) {
    parts.push(say("mixLevel", { stem: lane.label, percent: lane.volume }));
  }
  return parts.join(" · ") || say("mixAll");
}

/** Bring the fieldset `root` of `form` to life. */
export function offerMix(root, form, mixer) {
  const [says, take, bar, line] = ["says", "take", "progress", "report"].map((name) =>
    root.querySelector(`[data-mix-${name}]`),
  );
  const [tempo, semitones] = [root.querySelector("#mix-tempo"), root.querySelector("#mix-semitones")];
  const show = () => (says.textContent = inWords(mixer));
  mixer.addEventListener("change", show);
  show();
  root.hidden = false;
  for (const field of [tempo, semitones]) {
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault(); // which would download the first part
      take.click();
    });
  }

  take.addEventListener("click", async () => {
    if (![tempo, semitones].every((field) => field.reportValidity())) return;
    const query = recipe(mixer, Number(tempo.value || 100) / 100, Number(semitones.value || 0));
    query.set("codec", form.elements.codec.value);
    if (!form.elements.bitrate.disabled) query.set("bitrate", form.elements.bitrate.value);
    const address = `${root.dataset.mix}?${query}`;
    take.disabled = true;
    await fetchWhenReady(address, bar, line);
    take.disabled = false;
  });
}
