// A search of all texts: every chunk is unpacked once, and parsed only where it holds what is searched.

import { painted } from "./dom.js";
import { folded } from "./names.js";
import { readLines } from "./texts.js";

/**
 * @typedef {{ found: Uint8Array, read: number, problem: string }} Searched
 * `found` is 1 for each case whose texts hold the query; `read` is how many cases were looked at.
 */

const PAUSE = 60;
/** What stands in a line besides texts: names, and numbers with what is between them. */
const NAMES = ["input", "expected", "metadata", "cluster", "outputs", "scores", "replies", "prompts", "more"];
const BETWEEN = /^[\d.,:[\]{}+\-nule]*$/;

/**
 * @param {import("./cases.js").Cases} cases
 * @param {string} query - without case
 * @param {() => boolean} goesOn - whether to read one chunk more
 * @param {(share: number) => void} told - is told now and then how far it is
 * @returns {Promise<Searched>}
 */
export async function searched(cases, query, goesOn, told) {
  const { perChunk } = cases.meta;
  const found = new Uint8Array(cases.n);
  const quoted = JSON.stringify(query).slice(1, -1);
  // A query without quotes that is none of these can only be found inside a text.
  const isSure = !quoted.includes('"') && !BETWEEN.test(query) && !NAMES.some((name) => name.includes(query));
  const chunks = Math.ceil(cases.n / perChunk);
  const unpacked = (/** @type {number} */ chunk) => readLines(chunk).catch(() => undefined);
  // The next chunk is unpacked while this one is searched.
  let coming = unpacked(0);
  let problem = "";
  let read = 0;
  let shown = 0;
  for (let chunk = 0; chunk < chunks && goesOn(); chunk++) {
    if (performance.now() - shown > PAUSE) {
      told(chunk / chunks);
      await painted();
      shown = performance.now();
    }
    const lines = await coming;
    if (lines === null) break;
    if (chunk + 1 < chunks) coming = unpacked(chunk + 1);
    if (lines === undefined) problem = "a part of the file is damaged";
    else {
      folded(lines.slice(1).join("\n")).split("\n").forEach((line, at) => {
        if (!line.includes(quoted) || !(isSure || holds(JSON.parse(line), query))) return;
        found[cases.bySlot[chunk * perChunk + at]] = 1;
      });
    }
    read = Math.min(cases.n, (chunk + 1) * perChunk);
  }
  return { found, read, problem };
}

/**
 * Whether any text in it holds the query.
 * @param {unknown} value - without case
 * @param {string} query
 * @returns {boolean}
 */
function holds(value, query) {
  if (typeof value === "string") return value.includes(query);
  return value !== null && typeof value === "object" && Object.values(value).some((part) => holds(part, query));
}
