// The reading pane: one case with its input, what was expected, every candidate's output and every score.

import { factList, section, textBox } from "./box.js";
import { copyButton } from "./copy.js";
import { button, byId, fold, make } from "./dom.js";
import { figure } from "./figures.js";
import { Outputs } from "./outputs.js";
import { nodes, plain } from "./shown.js";

/**
 * @typedef {import("./texts.js").CaseTexts & import("./texts.js").Shared} CaseTexts
 * @typedef {(() => void) | null} Action
 * @typedef {{ view: import("./views.js").View, diff: boolean, previous: Action, next: Action, toggle: Action,
 *   link: () => string }} Shown
 * `link` is the state as an address says it.
 */

const LONG_FACT = 120;

export class Reading {
  /**
   * @param {import("./cases.js").Cases} cases
   * @param {import("./texts.js").Texts} texts
   */
  constructor(cases, texts) {
    this.cases = cases;
    this.texts = texts;
    this.pane = byId("case");
    this.asked = 0;
  }

  /**
   * Show case i; a later call wins over one still unpacking.
   * @param {number} i
   * @param {Shown} shown
   */
  async show(i, shown) {
    const asked = ++this.asked;
    const id = this.cases.names.id(i);
    const texts = await this.texts.of(i).catch(() => undefined);
    if (asked !== this.asked) return;
    const stays = this.pane.dataset.case === id;
    const focused = document.activeElement;
    const act = focused instanceof HTMLElement && this.pane.contains(focused) ? focused.dataset.act : undefined;
    const body = texts ? this.body(i, texts, shown) : [this.without(i, texts === undefined, shown), this.scores(i)];
    this.pane.replaceChildren(this.head(id, shown), ...[this.facts(i, texts), ...body].filter((part) => part !== null));
    if (!stays) this.pane.scrollTop = 0;
    this.pane.dataset.case = id;
    // The button that was pressed is a new one now; without it the focus would fall out of the explorer.
    const again = this.pane.querySelector(`[data-act="${act}"]:enabled`);
    if (act) (again instanceof HTMLElement ? again : this.pane).focus({ preventScroll: true });
  }

  /** @param {string} text */
  empty(text) {
    this.asked++;
    delete this.pane.dataset.case;
    this.pane.replaceChildren(make("p", { className: "quiet" }, ...nodes(text)));
  }

  /**
   * @param {string} id
   * @param {Shown} shown
   */
  head(id, { diff, previous, next, toggle, link }) {
    const tools = [
      button(["Previous"], previous),
      button(["Next"], next),
      button(["Diff"], toggle, { "aria-pressed": diff, title: "mark the words that differ from the baseline (o)" }),
      copyButton("Copy id", () => id),
      copyButton("Copy link", () => `${location.href.split("#")[0]}#${link()}`),
    ];
    for (const tool of tools) tool.dataset.act = String(tool.textContent);
    return make("header", {}, make("h3", {}, ...nodes(id)), make("div", { className: "tools" }, ...tools));
  }

  /**
   * @param {number} i
   * @param {CaseTexts | null | undefined} texts
   */
  facts(i, texts) {
    const tags = this.cases.tags(i).map((tag) => make("li", { className: "badge" }, ...nodes(tag)));
    const pairs = Object.entries(texts?.metadata ?? {});
    if (texts?.cluster !== undefined) pairs.unshift(["cluster", texts.cluster]);
    const facts = pairs.map(([name, value]) => value.length > LONG_FACT
      ? make("li", {}, fold(plain(name), () => [textBox(value)]))
      : make("li", {}, make("span", { className: "quiet" }, ...nodes(`${name} `)), ...nodes(value)));
    return tags.length + facts.length ? make("ul", { className: "facts" }, ...tags, ...facts) : null;
  }

  /**
   * @param {number} i
   * @param {CaseTexts} texts
   * @param {Shown} shown
   */
  body(i, texts, { view, diff }) {
    const expected = texts.expected === undefined ? null : section("Expected", textBox(texts.expected));
    const more = Object.entries(texts.more ?? {}).map(([name, text]) => section(plain(name), textBox(text)));
    return [section("Input", textBox(texts.input ?? "")), expected, ...new Outputs(this.cases, texts, i, view).parts(diff), ...more];
  }

  /**
   * Why a case has no texts here, and where they are.
   * @param {number} i
   * @param {boolean} damaged
   * @param {Shown} shown
   */
  without(i, damaged, { link }) {
    const { leftOut, parts = [] } = this.cases.meta;
    const part = parts.find(({ end }) => this.cases.slot[i] < end);
    if (damaged) return make("p", { className: "missing" }, "The texts of this case cannot be read: this part of the file is damaged.");
    if (!part) return make("p", { className: "missing" }, leftOut);
    const href = `${part.href}#${link()}`;
    return make("p", { className: "missing" }, make("a", { href }, "The texts of this case are in another part of this report."));
  }

  /**
   * Scores alone, for a case whose texts are not in the file.
   * @param {number} i
   */
  scores(i) {
    return factList(this.cases.meta.columns.map(({ name, group }, column) => {
      const status = this.cases.status(column, i);
      return [`${name}, ${group}`, status === "scored" ? figure(this.cases.value(column, i)) : plain(status)];
    }));
  }
}
