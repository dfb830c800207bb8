// The texts of the cases, unpacked a chunk at a time when a case is opened.

import { decoded, unpack } from "./packed.js";

/**
 * @typedef {(number | null)[]} Tokens
 * @typedef {(string | number)[]} Pieces
 * @typedef {[text: string, dollars: number | null, seconds: number | null, tokens: Tokens | null]} Output
 * @typedef {[status: number, value: number | null, label: string | null, reason: string | null]} Sample
 * @typedef {[label: string | null, reason: string | null, samples: Sample[]]} Score
 * @typedef {[customId: string | null, batch: string | null, model: string | null, stop: string | null,
 *   tokens: Tokens | null, dollars: number | null, raw: Pieces | null]} Reply
 * @typedef {{
 *   input?: string, expected?: string, metadata?: Record<string, string>, cluster?: string,
 *   outputs?: (Output | null | 0)[], scores?: (Score | null)[], replies?: Reply[][], prompts?: (Pieces | null)[],
 *   more?: Record<string, string>,
 * }} CaseTexts
 * @typedef {{ phrases: string[], kinds: string[] }} Shared
 */

const HELD = 4;

export class Texts {
  /** @param {import("./cases.js").Cases} cases */
  constructor(cases) {
    this.cases = cases;
    /** @type {Map<number, Promise<string[] | null>>} */
    this.held = new Map();
  }

  /**
   * The texts of one case; null where they were left out of the file.
   * @param {number} i
   * @returns {Promise<(CaseTexts & Shared) | null>}
   */
  async of(i) {
    const { perChunk } = this.cases.meta;
    const slot = this.cases.slot[i];
    const lines = await this.chunk(Math.floor(slot / perChunk));
    return lines && { ...JSON.parse(lines[0]), ...JSON.parse(lines[1 + (slot % perChunk)]) };
  }

  /**
   * The lines of a chunk; null where the file has no such chunk.
   * @param {number} number
   */
  chunk(number) {
    let found = this.held.get(number);
    if (!found) {
      found = readLines(number);
      if (this.held.size >= HELD) this.held.delete(Number(this.held.keys().next().value));
      this.held.set(number, found);
    }
    return found;
  }
}

/** @param {number} number */
export async function readLines(number) {
  const id = `chunk-${number}`;
  // A large file is usable before all of it has been read: wait for what is still to come.
  while (!document.getElementById(id) && document.readyState === "loading") {
    await new Promise((go) => setTimeout(go, 30));
  }
  const block = document.getElementById(id);
  return block && decoded(new Uint8Array(await unpack(block))).split("\n");
}

/**
 * A text from its pieces: strings, phrases of the chunk, and texts of the case, plain or as inside a JSON string.
 * @param {Pieces} pieces
 * @param {CaseTexts & Shared} texts
 */
export function joined(pieces, texts) {
  const targets = [
    texts.input,
    texts.expected,
    ...(texts.outputs ?? []).map((output) => output && output[0]),
    ...(texts.scores ?? []).map((score) => score && score[1]),
    ...(texts.scores ?? []).flatMap((score) => (score ? score[2].map((sample) => sample[3]) : [])),
  ];
  return pieces
    .map((piece) => {
      if (typeof piece === "string") return piece;
      if (piece < 0) return texts.phrases[-1 - piece];
      const target = String(targets[piece >> 1]);
      return piece & 1 ? JSON.stringify(target).slice(1, -1) : target;
    })
    .join("");
}
