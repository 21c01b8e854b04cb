// The keyboard of the player, wherever the focus is, except where a key means something already.

const LOCAL = {
  Space: "button, summary, select, textarea, a[href], input:not([type=range])",
  Home: "select, textarea, input",
  ArrowLeft: "select, textarea, input",
  ArrowRight: "select, textarea, input",
};
const TYPING = "select, textarea, input:not([type=range])";

/** `actions`: by event.code, each called with the event; Digit1 to Digit9 come as `lane(index, event)`. */
export function listen(actions, lane) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest?.(LOCAL[event.code] ?? TYPING)) return;
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    const name = event.code.startsWith("Key") ? event.key.toLowerCase() : event.code;
    const action = digit ? (e) => lane(Number(digit[1]) - 1, e) : actions[name];
    if (!action || (event.repeat && !event.code.startsWith("Arrow"))) return;
    event.preventDefault();
    action(event);
  });
}
