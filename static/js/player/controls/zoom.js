// Zoom of ruler and waveforms: two buttons, the Z key, the wheel with Ctrl, and two fingers. The wheel moves sideways.

import { closestElement, findElements, getElement } from "stemoteca/dom";
import { formatDecimal } from "stemoteca/formatting";
import { message } from "stemoteca/messages";

/** @typedef {import("stemoteca/player/sound/engine").Engine} Engine */
/** @typedef {import("stemoteca/player/view").View} View */

const STEP = 2;
const WHEEL = 300; // CSS pixels of the wheel for twice as much

/**
 * @param {HTMLElement} root
 * @param {Engine} engine
 * @param {View} view
 * @param {(sentence: string) => void} report
 */
export function offerZoom(root, engine, view, report) {
  const lanes = getElement(root, "[data-lanes]", HTMLElement);
  const area = getElement(lanes, "[data-over]", HTMLElement);
  const [smaller, larger] = /** @type {[HTMLButtonElement, HTMLButtonElement]} */ (
    findElements(root, "[data-zoom]", HTMLButtonElement)
  );
  const show = () => {
    smaller.disabled = view.zoom <= 1;
    larger.disabled = view.zoom >= view.deepest;
  };
  /** @param {number} clientX */
  const shareAt = (clientX) => {
    const box = area.getBoundingClientRect();
    return (clientX - box.left) / box.width;
  };
  /** @param {number} factor */
  const zoom = (factor) => {
    view.setZoom(view.zoom * factor, engine.frame);
    report(message("zoom", { zoom: formatDecimal(view.zoom, view.zoom < 10 ? 1 : 0) }));
  };
  smaller.addEventListener("click", () => zoom(1 / STEP));
  larger.addEventListener("click", () => zoom(STEP));
  view.addEventListener("change", show);
  show();

  lanes.addEventListener(
    "wheel",
    (event) => {
      const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
      if (event.ctrlKey) {
        view.setZoom(view.zoom * 2 ** (-event.deltaY / WHEEL), view.frameAt(shareAt(event.clientX)));
      } else if (isSideways && view.zoom > 1) view.scroll((event.deltaX / area.clientWidth) * view.length);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );

  /** @type {{ distance: number, zoom: number } | null} when two fingers were put down */
  let pinch = null;
  /** @param {TouchEvent} event */
  const fingers = ({ touches: [one, other] }) => {
    return one && other
      ? { distance: Math.abs(one.clientX - other.clientX), middle: (one.clientX + other.clientX) / 2 }
      : null;
  };
  lanes.addEventListener("touchstart", (event) => {
    const two = closestElement(event.target, "[data-wave], [data-ruler]") && fingers(event);
    pinch = two && { distance: Math.max(two.distance, 1), zoom: view.zoom };
  });
  lanes.addEventListener("touchmove", (event) => {
    const two = fingers(event);
    if (pinch && two) {
      view.setZoom((pinch.zoom * two.distance) / pinch.distance, view.frameAt(shareAt(two.middle)));
    }
  });
  return { zoomIn: () => zoom(STEP), zoomOut: () => zoom(1 / STEP) };
}
