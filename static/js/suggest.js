// Fields for names suggest what is in the library already, so that one artist does not become two.

const WAIT = 150;
const kept = new Map();

const suggestions = async (kind, words) => {
  const address = `/api/v1/${kind}/?${new URLSearchParams({ q: words, page_size: "8" })}`;
  if (!kept.has(address)) {
    const answer = await fetch(address);
    if (!answer.ok) return [];
    const rows = (await answer.json()).results;
    kept.set(address, [...new Set(rows.map((row) => row.name ?? row.title))]);
  }
  return kept.get(address);
};

for (const field of document.querySelectorAll("[data-suggest]")) {
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const words = field.value.trim();
    if (!words) return;
    timer = setTimeout(async () => {
      try {
        const names = await suggestions(field.dataset.suggest, words);
        if (field.value.trim() !== words) return;
        field.list.replaceChildren(...names.map((name) => new Option(name, name)));
      } catch {
        // offline: the field works without
      }
    }, WAIT);
  });
}
