// The explorer: what is shown is a function of the state, and the state is the address.

import { beginWith, isFresh, isState, keepEntry, readState, writeState, written } from "./address.js";
import { Controls } from "./controls.js";
import { copy, openDialog, save } from "./copy.js";
import { csv, fileName } from "./csv.js";
import { byId } from "./dom.js";
import { count } from "./figures.js";
import { listenToKeys } from "./keys.js";
import { land } from "./landing.js";
import { List } from "./list.js";
import { folded } from "./names.js";
import { Reading } from "./reading.js";
import { searched } from "./search.js";
import { Selection } from "./selection.js";
import { Texts } from "./texts.js";
import { makeViews } from "./views.js";

/**
 * @typedef {import("./address.js").State} State
 * @typedef {import("./address.js").How} How
 */

export class Explorer {
  /** @param {import("./cases.js").Cases} cases */
  constructor(cases) {
    this.cases = cases;
    this.views = makeViews(cases.meta);
    this.texts = new Texts(cases);
    this.selection = new Selection(cases, this.views);
    this.reading = new Reading(cases, this.texts);
    this.list = new List(cases, (i, how) => this.opened(i, how), (sort) => this.change({ sort, case: "" }));
    this.controls = new Controls(cases, this.views, (part) => this.change(part));
    /** The search of all texts that is under way. @type {{ isStopped: boolean } | null} */
    this.searching = null;
    /** The case that is open; it need not be in the list. */
    this.shown = -1;
    beginWith(cases.meta.first);
    this.state = this.controls.fitting(readState());
    this.listen();
    this.restored();
  }

  listen() {
    const { viewport } = this.list;
    const step = (/** @type {number} */ by) => () => void this.list.step(by);
    const focus = (/** @type {string} */ id) => () => byId(id).focus();
    listenToKeys(byId("explorer"), viewport,
      { j: step(1), k: step(-1), "/": focus("find"), o: () => this.toggle(), "?": () => openDialog("help"), Escape: () => this.leave() },
      {
        ArrowDown: step(1), ArrowUp: step(-1), Home: step(-Infinity), End: step(Infinity), Enter: focus("case"),
        PageDown: () => void this.list.step(this.list.page), PageUp: () => void this.list.step(-this.list.page),
      });
    byId("find").addEventListener("keydown", ({ key }) => {
      if (key === "Enter") this.change({ deep: true, case: "" });
    });
    byId("stop").onclick = () => this.stop();
    byId("help-open").onclick = () => openDialog("help");
    byId("save").onclick = () => save(this.csv(), fileName(this.cases.meta.title));
    byId("copy-rows").onclick = () => copy(this.csv(), byId("copy-rows"));
    byId("help").addEventListener("close", () => viewport.focus({ preventScroll: true }));
    window.addEventListener("hashchange", () => this.moved());
  }

  csv() {
    return csv(this.cases, this.views[this.state.view], this.list.found);
  }

  /** The address is another: by a link, or by going back or forward. */
  moved() {
    const fresh = isFresh();
    // A link to another part of the page leaves the explorer as it is.
    if (fresh && !isState()) return;
    keepEntry();
    const wanted = readState();
    this.state = this.controls.fitting(wanted);
    this.restored();
    if (fresh) void land(wanted.case);
  }

  /** Show what the address says. */
  restored() {
    this.forget();
    this.controls.fill(this.state);
    this.refresh("linked");
    if (this.state.deep) this.search("linked");
  }

  /** @param {Partial<State>} part */
  change(part) {
    const before = this.state;
    this.state = this.controls.fitting({ ...before, ...part });
    if (this.state.find !== before.find || !this.state.deep) this.forget();
    this.refresh("step");
    if (part.deep && this.state.find.trim()) this.search("step");
  }

  /** @param {How} how */
  refresh(how) {
    const view = this.views[this.state.view];
    if (!view) {
      this.reading.empty("This report holds no cases.");
      return;
    }
    const { show, counts, statuses, rows } = this.selection.found(this.state);
    this.state.show = show;
    this.controls.tell(this.state, show, counts, statuses);
    this.controls.say(`${count(rows.length)} of ${count(this.cases.n)} cases`);
    this.list.fill(rows, view, this.state.sort);
    this.openFirst(rows, how);
  }

  /**
   * The open case stays open where it can; a linked case is shown even if the filter hides it.
   * @param {Uint32Array} rows
   * @param {How} how
   */
  openFirst(rows, how) {
    const wanted = this.state.case === "" ? -1 : this.cases.names.find(this.state.case);
    const isLinked = how === "linked" && this.state.case !== "";
    if (isLinked && wanted < 0) this.none(`No case ${this.state.case} in this file. Choose one from the list.`);
    else if (this.list.open(wanted < 0 ? 0 : rows.indexOf(wanted), how)) return;
    else if (isLinked) this.opened(wanted, how);
    else if (!this.list.open(0, how)) {
      this.state.case = "";
      this.none(this.cases.n ? "No case matches. Choose another filter, or clear the search." : "This report holds no cases.");
      writeState(this.state, how);
    }
  }

  /**
   * No case is open, and why.
   * @param {string} why
   */
  none(why) {
    this.shown = -1;
    this.reading.empty(why);
  }

  /**
   * @param {number} i
   * @param {How} how
   */
  opened(i, how) {
    this.shown = i;
    this.state.case = this.cases.names.id(i);
    writeState(this.state, how);
    this.read();
  }

  read() {
    const { list } = this;
    const step = (/** @type {number} */ by) => list.current >= 0 && list.current + by in list.found ? () => void list.step(by) : null;
    const { diff, view } = this.state;
    const link = () => written({ ...this.state, deep: false });
    this.reading.show(this.shown, { view: this.views[view], diff, previous: step(-1), next: step(1), toggle: () => this.toggle(), link });
  }

  toggle() {
    if (this.shown < 0) return;
    this.state.diff = !this.state.diff;
    writeState(this.state, "step");
    this.read();
  }

  /** Escape: clear the search, or stop it outside its field, or go back to the list. */
  leave() {
    const { viewport } = this.list;
    const inList = document.activeElement === viewport;
    const inFind = document.activeElement === byId("find");
    if (!inFind && !byId("stop").hidden) this.stop();
    else if ((inList || inFind) && this.state.find) {
      this.change({ find: "", deep: false });
      this.controls.fill(this.state);
    } else viewport.focus({ preventScroll: !inFind });
  }

  stop() {
    if (this.searching) this.searching.isStopped = true;
  }

  /** What was found in the texts is no longer asked for. */
  forget() {
    this.selection.hits = null;
    this.searching = null;
  }

  /**
   * Search all texts: what is found is added to what the ids and beginnings say.
   * @param {How} how
   */
  async search(how) {
    const query = folded(this.state.find.trim());
    const names = this.cases.names.matches(query);
    if (!names) return;
    const mine = { isStopped: false };
    this.searching = mine;
    const goesOn = () => mine === this.searching && !mine.isStopped;
    const { found, read, problem } = await searched(this.cases, query, goesOn, (share) => {
      this.controls.say(`searching all text: ${Math.floor(100 * share)} %`, true);
    });
    if (mine !== this.searching) return;
    this.searching = null;
    this.selection.hits = found.map((hit, i) => hit | names[i]);
    this.refresh(how);
    const said = byId("count").textContent;
    if (problem) this.controls.say(`${said}; ${problem}`);
    else if (mine.isStopped) this.controls.say(`${said}; stopped after the texts of ${count(read)}`);
    else if (read < this.cases.n) this.controls.say(`${said}; the texts of ${count(read)} are in this file`);
  }
}
