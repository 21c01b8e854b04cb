// How somebody plays a song, as the API keeps it: speed, key, mix, loop and clicks. Touches nothing of the page.

import { formatDecimal } from "stemoteca/formatting";
import { writeMix } from "stemoteca/player/mix_address";
import { gainOf, levelFrom, sliderOf } from "stemoteca/player/sound/levels";
import { writeStretch } from "stemoteca/player/sound/stretch";

/** @typedef {import("stemoteca/player/sound/levels").Level} Level */
/** @typedef {import("stemoteca/player/sound/metronome").Choice} Choice */
/** @typedef {{ volume?: number, pan?: number, muted?: boolean, solo?: boolean }} StemSettings `volume` is a gain */

/**
 * What is left out is as in the song. `speed` is a factor; `from` and `to` are the loop, in seconds; `stems` goes by name.
 * `click` is the gain of the metronome, `countin` how many bars are counted in.
 * @typedef {object} PlaybackSettings
 * @property {number} [speed]
 * @property {number} [semitones]
 * @property {number} [cents]
 * @property {number} [from]
 * @property {number} [to]
 * @property {Record<string, StemSettings>} [stems]
 * @property {number} [click]
 * @property {number} [countin]
 */

/**
 * Write speed, key, loop and mix into the address of a page with a player, which begins with them.
 * @param {URLSearchParams} query
 * @param {PlaybackSettings} settings
 */
export function writeSettings(query, { speed = 1, semitones = 0, cents = 0, from, to, stems = {} }) {
  writeMix(
    query,
    Object.entries(levelsOf({ stems })).map(([name, level]) => ({ name, ...level })),
  );
  writeStretch(query, { speed: Math.round(100 * speed), semitones, cents });
  for (const [name, value] of Object.entries({ from, to })) {
    if (value === undefined) query.delete(name);
    else query.set(name, formatDecimal(value, 3));
  }
}

/**
 * Calculate the levels of the lanes, by the name of the stem; those that are left out are as in the song.
 * @param {PlaybackSettings} settings
 * @returns {Record<string, Level>}
 */
export function levelsOf({ stems = {} }) {
  return Object.fromEntries(
    Object.entries(stems).map(([name, { volume = 1, pan = 0, muted = false, solo = false }]) => [
      name,
      levelFrom({ muted, alone: solo, volume: sliderOf(volume), pan: Math.round(100 * pan) }),
    ]),
  );
}

/**
 * Collect the settings with which a song is played now.
 * @param {import("stemoteca/player/sound/stretch").Stretch} stretch
 * @param {import("stemoteca/player/sound/timeline").Loop | null} loop
 * @param {number} rate in hertz
 * @param {(Level & { name: string })[]} lanes
 * @returns {PlaybackSettings}
 */
export function settingsOf({ speed, semitones, cents }, loop, rate, lanes) {
  const stems = Object.fromEntries(
    lanes
      .map(({ name, muted, alone, volume, pan }) => {
        /** @type {StemSettings} */
        const stem = {
          ...(muted && { muted }),
          ...(alone && { solo: alone }),
          ...(volume !== 100 && { volume: gainOf(volume) }),
          ...(pan !== 0 && { pan: pan / 100 }),
        };
        return /** @type {const} */ ([name, stem]);
      })
      .filter(([, stem]) => Object.keys(stem).length),
  );
  return {
    ...(speed !== 100 && { speed: speed / 100 }),
    ...(semitones !== 0 && { semitones }),
    ...(cents !== 0 && { cents }),
    ...(loop && { from: seconds(loop.from, rate), to: seconds(loop.to, rate) }),
    ...(Object.keys(stems).length && { stems }),
  };
}

/**
 * Calculate what the metronome does; a volume that is left out stays as it is.
 * @param {PlaybackSettings} settings
 * @returns {Partial<Choice>}
 */
export function clicksOf({ click = 0, countin = 0 }) {
  return { isOn: click > 0, ...(click > 0 && { volume: sliderOf(click) }), bars: countin };
}

/**
 * Collect the settings of the metronome.
 * @param {Choice} choice
 * @returns {PlaybackSettings}
 */
export function clickSettings({ isOn, volume, bars }) {
  return { ...(isOn && volume > 0 && { click: gainOf(volume) }), ...(bars > 0 && { countin: bars }) };
}

/**
 * @param {number} frame
 * @param {number} rate
 */
function seconds(frame, rate) {
  return Number((frame / rate).toFixed(3));
}
