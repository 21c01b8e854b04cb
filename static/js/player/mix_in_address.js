// The mix in the address of a song's page. It follows the lanes with a delay: browsers refuse to change the address with
// each step of a slider. A page that is loaded anew before that is played as it was heard, not as its address says.

import { readMix, writeMix } from "stemoteca/player/mix_address";
import { readStored, store } from "stemoteca/storage";

const DELAY = 300; // milliseconds without a change
const KEY = "stemoteca.mix_behind."; // the mix of an address that the lanes are ahead of

/**
 * Begin with the mix that the address says, and have it say that of the lanes.
 * @param {import("stemoteca/player/controls/mixer").Mixer} mixer
 * @param {import("stemoteca/player/address").PlayerAddress} address
 * @param {Pick<import("stemoteca/player/controls/unfolding").Unfolding, "follow">} unfolding
 */
export function keepMixInAddress(mixer, address, unfolding) {
  const key = KEY + mixer.engine.recording.track;
  const write = () => {
    address.change((query) => writeMix(query, mixer.shown));
    store(key, null);
  };
  const mix = address.query.get("mix");
  if (mix !== null && mix === readStored(key)) write();
  else mixer.begin(readMix(address.query), unfolding);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  mixer.addEventListener("change", () => {
    clearTimeout(timer);
    store(key, address.query.get("mix"));
    timer = setTimeout(write, DELAY);
  });
}
