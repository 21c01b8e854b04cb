// What a person drops: files, and the audio files in folders, however deep.

/** Whether a file of a folder is one to send: by its name or its type, as the file field accepts them. */
export function isAudio({ name, type }, accept) {
  const kinds = accept.split(",").map((kind) => kind.trim().toLowerCase());
  const ending = name.slice(name.lastIndexOf(".")).toLowerCase();
  return kinds.includes(ending) || (type.startsWith("audio/") && kinds.includes("audio/*"));
}

/**
 * Resolves to `{ files, others }`: files in the order of their paths, and how many files of folders are no audio.
 * What was dropped by itself is always among the files. Call it while the event is being handled: afterwards the
 * browser has forgotten what was dropped.
 */
export async function dropped(transfer, accept) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const roots = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  let others = 0;
  for (const root of roots) {
    if (root instanceof File) files.push(root);
    else if (root.isFile) files.push(await fileOf(root));
    else {
      for await (const file of inside(root)) {
        if (isAudio(file, accept)) files.push(file);
        else if (!file.name.startsWith(".")) others += 1;
      }
    }
  }
  return { files, others };
}

async function* inside(folder) {
  const entries = await entriesOf(folder);
  entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  for (const entry of entries) {
    if (entry.isDirectory) yield* inside(entry);
    else yield await fileOf(entry);
  }
}

const fileOf = (entry) => new Promise((done, fail) => entry.file(done, fail));

/** All entries of a folder; a reader gives at most a hundred at a time. */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all;
    all.push(...some);
  }
}
