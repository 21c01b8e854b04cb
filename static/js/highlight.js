// Which pieces of a name were typed. Touches nothing of the page.

const WORD = /([\p{L}\p{N}\p{M}]+)/u;
const LETTER = /.\p{M}*/gsu; // with its marks
const BETWEEN_WORDS = /[^\p{L}\p{N}\p{M}]+/u;
// Accents, where a letter without its accent is the same letter to whoever types; elsewhere marks are vowels or tones.
const ACCENT = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]\p{M}*)\p{M}/gu;

/**
 * Fold text for comparing: small letters, without accents.
 * @param {string} text
 */
export function fold(text) {
  return text.normalize("NFKD").replace(ACCENT, "").toLowerCase();
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
