// The reading pane: one case with its input, what was expected, every candidate's output and every score.

const LONG = 20000;

class CaseView {
  constructor(cases) {
    this.cases = cases;
    this.pane = $("case");
    this.asked = 0;
  }

  /** Show case i as seen by a view; a later call wins over one still unpacking. */
  async show(i, view, { previous, next }) {
    const asked = ++this.asked;
    const texts = await this.cases.texts(i);
    if (asked !== this.asked) return;
    const parts = [this.head(i, { previous, next }), this.facts(i, texts)];
    if (texts) {
      parts.push(this.block("Input", texts.input));
      if (texts.expected !== null) parts.push(this.block("Expected", texts.expected));
      parts.push(...this.outputs(i, texts, view));
      parts.push(this.origins(i, texts));
    } else {
      parts.push(make("p", { className: "missing" }, "The texts of this case were left out to keep the file small; " +
        "make the report again with a higher text limit, or export the run."));
      parts.push(this.scores(i));
    }
    this.pane.replaceChildren(...parts.filter(Boolean));
    this.pane.scrollTop = 0;
    this.pane.dataset.case = this.cases.ids.at(i);
  }

  empty(text) {
    this.asked++;
    delete this.pane.dataset.case;
    this.pane.replaceChildren(make("p", { className: "quiet" }, text));
  }

  head(i, { previous, next }) {
    const button = (text, action) => make("button", { type: "button", onclick: action || null, disabled: !action }, text);
    const copy = button("Copy link", async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "The link is in the address bar";
      }
    });
    const title = make("h3", {}, ...shown.nodes(this.cases.ids.at(i)));
    return make("header", {}, title, make("div", { className: "tools" }, button("Previous", previous), button("Next", next), copy));
  }

  facts(i, texts) {
    const tags = this.cases.meta.tagsets[this.cases.tagset[i]];
    const items = tags.map((tag) => make("li", { className: "badge" }, ...shown.nodes(tag)));
    const pairs = Object.entries((texts && texts.metadata) || {});
    if (texts && texts.cluster !== null) pairs.unshift(["cluster", texts.cluster]);
    for (const [name, value] of pairs) {
      items.push(make("li", {}, make("span", { className: "quiet" }, ...shown.nodes(`${name} `)), ...shown.nodes(value)));
    }
    return items.length ? make("ul", { className: "facts" }, ...items) : null;
  }

  block(name, text, pieces) {
    return make("section", {}, make("h4", {}, ...shown.nodes(name)), this.text(text, pieces));
  }

  /** A text, cut where it is very long, with a button for the rest. */
  text(text, pieces) {
    const box = make("div", { className: "text" });
    if (text === "") box.append(make("span", { className: "quiet" }, "empty"));
    else if (text.length <= LONG) box.append(...(pieces ? this.marked(pieces) : shown.nodes(text)));
    else {
      box.append(...shown.nodes(text.slice(0, LONG)));
      const more = make("button", { type: "button" }, `Show all ${text.length.toLocaleString("en")} characters`);
      more.onclick = () => box.replaceChildren(...shown.nodes(text));
      box.append(" … ", more);
    }
    return box;
  }

  marked(pieces) {
    return pieces.map(({ text, same, kind }) =>
      same ? make("span", {}, ...shown.nodes(text)) : make(kind, {}, ...shown.nodes(text)));
  }

  /** Outputs side by side, the baseline's first; words that differ from it are marked. */
  outputs(i, texts, view) {
    const { columns } = this.cases.meta;
    const base = view.pair ? columns[view.pair.before].candidate : -1;
    const chosen = view.pair ? columns[view.pair.after].candidate : -1;
    const rank = (candidate) => (candidate === base ? 0 : candidate === chosen ? 1 : 2);
    const order = texts.outputs.map((_, candidate) => candidate).filter((candidate) => this.known(candidate, i, texts));
    order.sort((a, b) => rank(a) - rank(b) || a - b);
    const baseText = base >= 0 ? texts.outputs[base] : null;
    const cards = order.map((candidate) => {
      const marks = this.marks(texts, candidate, { base, chosen, baseText });
      return this.card(candidate, i, texts, marks, candidate === base);
    });
    const legend = cards.length > 1 && typeof baseText === "string"
      ? make("p", { className: "key" }, "Marked: ", make("del", {}, "only in the baseline"), ", ", make("ins", {}, "not in the baseline"), ".")
      : null;
    return [make("h4", {}, cards.length === 1 ? "Output" : "Outputs"), make("div", { className: "outputs" }, ...cards), legend];
  }

  known(candidate, i, texts) {
    return texts.outputs[candidate] !== 0 || this.columnsOf(candidate).some((column) => texts.cells[column]);
  }

  columnsOf(candidate) {
    return this.cases.meta.columns.map((_, column) => column).filter((column) => this.cases.meta.columns[column].candidate === candidate);
  }

  marks(texts, candidate, { base, chosen, baseText }) {
    const other = candidate === base ? texts.outputs[chosen] : texts.outputs[candidate];
    if (typeof baseText !== "string" || typeof other !== "string" || Math.max(baseText.length, other.length) > LONG) return null;
    const diff = wordDiff(baseText, other);
    if (!diff) return null;
    const kind = candidate === base ? "del" : "ins";
    return diff[candidate === base ? "before" : "after"].map((piece) => ({ ...piece, kind }));
  }

  card(candidate, i, texts, marks, isBase) {
    const output = texts.outputs[candidate];
    const name = make("h5", {}, ...shown.nodes(this.cases.meta.candidates[candidate]));
    if (isBase) name.append(" ", make("span", { className: "badge" }, "baseline"));
    const verdicts = this.columnsOf(candidate).filter((column) => texts.cells[column]).map((column) => this.verdict(column, i, texts));
    const body = typeof output === "string" ? this.text(output, marks) : make("p", { className: "missing" }, output === null ? "This candidate gave no output." : "No output recorded.");
    return make("section", { className: "output" }, name, ...verdicts, body);
  }

  verdict(column, i, texts) {
    const [label, reason] = texts.cells[column];
    const status = this.cases.status(column, i);
    const { group, name } = this.cases.meta.columns[column];
    const value = status === "scored" ? figure(this.cases.values[column][i]) : status;
    const head = make("p", { className: "score" }, make("span", { className: "quiet", title: name }, ...shown.nodes(group)), " ",
      make("strong", { className: status === "scored" ? "" : "missing" }, value));
    if (label !== null) head.append(" ", ...shown.nodes(label));
    if (this.cases.changed(column, i)) head.append(" ", make("span", { className: "badge caution" }, "scored on another content"));
    return make("div", { className: "judged" }, head, reason ? make("p", { className: "reason" }, ...shown.nodes(reason)) : null);
  }

  /** Scores alone, for a case whose texts are not in the file. */
  scores(i) {
    const items = this.cases.meta.columns.map((column, number) => {
      const status = this.cases.status(number, i);
      const value = status === "scored" ? figure(this.cases.values[number][i]) : status;
      return make("li", {}, ...shown.nodes(`${column.name}, ${column.group}: ${value}`));
    });
    return make("ul", {}, ...items);
  }

  /** Where every score came from: ids to find it again in the store or at the API. */
  origins(i, texts) {
    const rows = this.cases.meta.columns.flatMap((column, number) => {
      const cell = texts.cells[number];
      if (!cell) return [];
      const [, , customId, batch, served, stop] = cell;
      const words = [column.name, column.group, this.cases.status(number, i), customId, batch, served, stop];
      return [make("tr", {}, ...words.map((word) => make("td", {}, ...shown.nodes(word ?? "–"))))];
    });
    const head = ["run", "grader", "status", "custom_id", "batch", "served by", "stopped by"];
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((word) => make("th", { scope: "col" }, word)))), make("tbody", {}, ...rows));
    return make("details", { className: "origins" }, make("summary", {}, "Where these scores come from"),
      make("div", { className: "scroll", tabIndex: 0 }, table));
  }
}
