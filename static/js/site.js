// Every page: menus that close, "/" goes to the search field, results while typing.

const search = document.querySelector("input[type=search]");

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey && search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

const live = document.querySelector("[data-live]");
if (live) {
  const place = document.getElementById(live.dataset.live);
  const found = document.querySelector("[data-found]"); // says how many, to those who do not see the list
  let timer = 0;
  let running = null;
  let shown = live.value.trim();

  const find = async () => {
    const words = live.value.trim();
    if (words === shown) return;
    running?.abort();
    running = new AbortController();
    const address = new URL(live.form.action);
    if (words) address.searchParams.set("q", words);
    const page = address.href;
    address.searchParams.set("fragment", "results");
    try {
      const answer = await fetch(address, { signal: running.signal });
      if (!answer.ok) return;
      place.innerHTML = await answer.text();
      found.textContent = place.querySelector("h2:not(.unseen)")?.textContent.trim() ?? "";
      shown = words;
      history.replaceState(null, "", page);
    } catch (error) {
      if (error.name !== "AbortError") shown = null; // offline: the button still works, and so does the next letter
    }
  };

  live.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 150);
  });
}
