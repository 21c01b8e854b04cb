// The keyboard of the player, wherever the focus is, except where a key means something already.

const FIELD = "select, textarea, input:not([type=range], [type=radio], [type=checkbox])";
/** @type {Record<string, string>} */
const USED_BY = {
  Home: "select, textarea, input",
  End: "select, textarea, input",
  ArrowLeft: "select, textarea, input",
  ArrowRight: "select, textarea, input",
};
const SIGNS = ["+", "=", "-", "[", "]", "?"];
const PRESSED_BY_SPACE = "button, summary, a[href], input:not([type=range])";

/** @typedef {(event: KeyboardEvent) => void} Action */

/**
 * The element that has its focus from the mouse or a finger. Not `:focus-visible`: browsers show the focus of such an
 * element as well as soon as any key is pressed.
 * @type {Element | null}
 */
let pointed = null;

/**
 * Whether an element has its focus from the mouse or a finger.
 * @param {Element} element
 */
export function isPointed(element) {
  return element === pointed;
}

/**
 * Whether the key belongs to the element that has the focus. Space belongs to a button that was reached by keyboard:
 * who muted a part with the mouse and then presses Space wants to hear the song.
 * @param {KeyboardEvent} event
 */
function isUsedByFocus({ code, target }) {
  if (!(target instanceof Element)) return false;
  if (code === "Space") {
    const pressed = target.closest(PRESSED_BY_SPACE);
    if (pressed) return pressed.matches(FIELD) || pressed !== pointed;
  }
  return target.closest(USED_BY[code] ?? FIELD) !== null;
}

/**
 * Name the shortcut of a key: a number from 1 to 9, or the name of an action. Letters and signs count by what they
 * write, so that they are where the keyboard's layout has them; digits by where they are, so that Shift does not change
 * them.
 * @param {string} code as in KeyboardEvent
 * @param {string} key as in KeyboardEvent
 */
export function shortcutOf(code, key) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code);
  if (digit) return Number(digit[1]);
  if (SIGNS.includes(key)) return key === "=" ? "+" : key; // without Shift where "+" needs it
  return code.startsWith("Key") ? key.toLowerCase() : code;
}

/**
 * Listen to the keyboard.
 * @param {Record<string, Action>} actions by shortcut
 * @param {((index: number, event: KeyboardEvent) => void) | null} [onDigit] with 0 for the key 1
 * @param {AbortSignal} [signal] ends it
 * @param {() => boolean} [isOn] whether the keys mean something now
 */
export function listenToKeyboard(actions, onDigit, signal, isOn = () => true) {
  /** @type {EventTarget | null} */
  let taken = null; // a button is pressed when its Space goes up
  /** @param {KeyboardEvent} event */
  const press = (event) => {
    const isCommand = (event.ctrlKey || event.metaKey || event.altKey) && !event.getModifierState("AltGraph");
    if (isCommand || event.defaultPrevented || isUsedByFocus(event) || !isOn()) return;
    const shortcut = shortcutOf(event.code, event.key);
    const action = typeof shortcut === "number" ? onDigit : actions[shortcut];
    if (!action) return;
    if (event.code === "Space") taken = event.target;
    event.preventDefault();
    if (event.repeat && !event.code.startsWith("Arrow") && !SIGNS.includes(event.key)) return;
    if (typeof shortcut === "number") onDigit?.(shortcut - 1, event);
    else actions[shortcut]?.(event);
  };
  /** @param {KeyboardEvent} event */
  const release = (event) => {
    if (event.code !== "Space" || event.target !== taken) return;
    taken = null;
    event.preventDefault();
  };
  document.addEventListener("keydown", press, { signal });
  document.addEventListener("keyup", release, { signal });
  document.addEventListener(
    "pointerdown",
    ({ target }) => {
      const element = target instanceof Element ? target : null;
      pointed = element?.closest(PRESSED_BY_SPACE) ?? element?.closest("label")?.control ?? null;
    },
    { capture: true, signal },
  );
  document.addEventListener(
    "focusout",
    ({ target }) => {
      if (target === pointed) pointed = null;
    },
    { capture: true, signal },
  );
}
