// The keyboard of the player, wherever the focus is, except where a key means something already.

const FIELD = "select, textarea, input:not([type=range], [type=radio], [type=checkbox])";
const LOCAL = {
  Home: "select, textarea, input",
  ArrowLeft: "select, textarea, input",
  ArrowRight: "select, textarea, input",
};
const PRESSED_BY_SPACE = "button, summary, a[href], input:not([type=range])";

// The element that has its focus from the mouse or a finger. Not `:focus-visible`: browsers show the focus of such an
// element as well as soon as any key is pressed.
let pointed = null;
document.addEventListener("pointerdown", ({ target }) => (pointed = target.closest?.(PRESSED_BY_SPACE) ?? null), true);
document.addEventListener("focusout", ({ target }) => (pointed = target === pointed ? null : pointed), true);

/**
 * Whether the key belongs to the element that has the focus. Space belongs to a button that was reached by keyboard:
 * who muted a part with the mouse and then presses Space wants to hear the song.
 */
function isLocal({ code, target }) {
  if (!target.closest) return false;
  if (code === "Space") {
    const pressed = target.closest(PRESSED_BY_SPACE);
    if (pressed) return pressed.matches(FIELD) || pressed !== pointed;
  }
  return target.closest(LOCAL[code] ?? FIELD) !== null;
}

/** `actions`: by event.code, each called with the event; Digit1 to Digit9 come as `lane(index, event)`. */
export function listen(actions, lane) {
  let taken = null; // a button is pressed when its Space goes up
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isLocal(event)) return;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const name = event.code.startsWith("Key") ? event.key.toLowerCase() : event.code;
    const action = digit ? (e) => lane(Number(digit[1]) - 1, e) : actions[name];
    if (!action) return;
    if (event.code === "Space") taken = event.target;
    event.preventDefault();
    if (!event.repeat || event.code.startsWith("Arrow")) action(event);
  });
  document.addEventListener("keyup", (event) => {
    if (event.code !== "Space" || event.target !== taken) return;
    taken = null;
    event.preventDefault();
  });
}
