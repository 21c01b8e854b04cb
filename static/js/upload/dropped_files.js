// What a person drops: files, and the audio files in folders, however deep.

/**
 * Whether a file of a folder is one to send: by its name or its type, as the file field accepts them.
 * @param {{ name: string, type: string }} file
 * @param {string} accept for example "audio/*,.flac"
 */
export function isAudio({ name, type }, accept) {
  const kinds = accept.split(",").map((kind) => kind.trim().toLowerCase());
  const ending = name.slice(name.lastIndexOf(".")).toLowerCase();
  return kinds.includes(ending) || (type.startsWith("audio/") && kinds.includes("audio/*"));
}

/**
 * Collect what was dropped. Call it while the event is being handled: afterwards the browser has forgotten it.
 * @param {DataTransfer} transfer
 * @param {string} accept
 * @returns {Promise<{ files: File[], others: number }>} files in the order of their paths; what was dropped by itself
 *   is always among them. `others`: how many files of folders are no audio.
 */
export async function droppedFiles(transfer, accept) {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const roots = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  /** @type {File[]} */
  const files = [];
  let others = 0;
  for (const root of roots) {
    if (!root) continue;
    if (root instanceof File) files.push(root);
    else if (isFile(root)) files.push(await fileOf(root));
    else if (isFolder(root)) {
      for await (const file of filesIn(root)) {
        if (isAudio(file, accept)) files.push(file);
        else if (!file.name.startsWith(".")) others += 1;
      }
    }
  }
  return { files, others };
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {AsyncGenerator<File>}
 */
async function* filesIn(folder) {
  const entries = await entriesOf(folder);
  entries.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  for (const entry of entries) {
    if (isFolder(entry)) yield* filesIn(entry);
    else if (isFile(entry)) yield await fileOf(entry);
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemFileEntry}
 */
function isFile(entry) {
  return entry.isFile;
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
function isFolder(entry) {
  return entry.isDirectory;
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) => new Promise((done, fail) => entry.file(done, fail));

/**
 * List a folder; a reader gives at most a hundred entries at a time.
 * @param {FileSystemDirectoryEntry} folder
 */
async function entriesOf(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all;
    all.push(...some);
  }
}
