// Which pieces of a name were typed. Touches nothing of the page.

const WORD = /([\p{L}\p{N}\p{M}]+)/u;
const LETTER = /.\p{M}*/gsu; // with its marks
const BETWEEN_WORDS = /[^\p{L}\p{N}\p{M}]+/u;
// Marks that people leave out: the accents of Latin, Greek and Cyrillic, the points of Hebrew, the short vowels of Arabic,
// and what only chooses how a character is drawn. All other marks make another letter. As in catalog/normalization.py.
const ACCENT = new RegExp(
  "[\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f" +
    "\\u0591-\\u05bd\\u05bf\\u05c1\\u05c2\\u05c4\\u05c5\\u05c7" +
    "\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06dc\\u06df-\\u06e4\\u06e7\\u06e8\\u06ea-\\u06ed\\u08d3-\\u08e1\\u08e3-\\u08ff" +
    "\\u180b-\\u180d\\ufe00-\\ufe0f\\u{e0100}-\\u{e01ef}\\u200c\\u200d]",
  "gu",
);
/** @type {Record<string, string>} */
const PLAIN = {
  ...{ ß: "ss", ς: "σ", œ: "oe", ı: "i" },
  ...{ ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", æ: "ae", ħ: "h", ŧ: "t" },
};
const NOT_PLAIN = new RegExp(`[${Object.keys(PLAIN).join("")}]`, "gu");

/**
 * Fold a word as lists are sorted: "MØ" is "mo", "Canción" is "cancion", "दिल" stays as it is. Decomposed, so that the
 * syllables of Hangul and the dots of kana may still be missing while somebody types.
 * @param {string} text
 */
export function fold(text) {
  const letters = text.normalize("NFKD").toLowerCase().normalize("NFKD").replace(ACCENT, "");
  return letters.replace(NOT_PLAIN, (letter) => PLAIN[letter] ?? letter);
}

/**
 * Split `text` into pieces, those marked that begin a word as one of `words` does.
 * @param {string} text
 * @param {string} words as typed
 * @returns {{ text: string, isMarked: boolean }[]} together they are `text`
 */
export function highlight(text, words) {
  const wanted = fold(words).split(BETWEEN_WORDS).filter(Boolean);
  const pieces = [];
  for (const part of text.split(WORD)) {
    const end = markedLength(part, wanted);
    if (end) pieces.push({ text: part.slice(0, end), isMarked: true });
    if (end < part.length) pieces.push({ text: part.slice(end), isMarked: false });
  }
  return pieces;
}

/**
 * Count the characters of `word` that the longest fitting one of `wanted` covers, with the marks of the last letter.
 * @param {string} word
 * @param {string[]} wanted folded
 */
function markedLength(word, wanted) {
  const folded = fold(word);
  const letters = Math.max(0, ...wanted.filter((each) => folded.startsWith(each)).map((each) => each.length));
  let end = 0;
  for (const [letter] of word.matchAll(LETTER)) {
    if (fold(word.slice(0, end)).length >= letters) break;
    end += letter.length;
  }
  return end;
}
