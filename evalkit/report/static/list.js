// The list of cases: only the rows in sight exist in the document, so 100,000 cases scroll like ten.

const MINUS = "\u2212";

/** A score as the table above writes it. */
function figure(value) {
  return value.toFixed(3).replace("-", MINUS);
}
function signedFigure(value) {
  return value > 0 ? `+${figure(value)}` : figure(value);
}

class List {
  constructor(cases, onOpen) {
    this.cases = cases;
    this.viewport = $("list");
    this.canvas = $("canvas");
    this.onOpen = onOpen;
    this.found = [];
    this.current = -1;
    this.rows = new Map();
    this.viewport.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.viewport);
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) this.open(Number(row.dataset.at));
    });
  }

  /** Show these cases in this order, with the columns of this view. */
  fill(found, view) {
    this.found = found;
    this.view = view;
    this.rowHeight = Number.parseFloat(getComputedStyle(this.viewport).getPropertyValue("--row")) || 34;
    this.rows.clear();
    this.canvas.replaceChildren();
    this.canvas.style.height = `${found.length * this.rowHeight}px`;
    this.viewport.setAttribute("aria-rowcount", String(found.length));
    this.head();
    this.draw();
  }

  head() {
    const cells = [make("span", { className: "id" }, "case")];
    if (this.view.pair) cells.push(make("span", { className: "num" }, "Δ"));
    for (const column of this.view.columns) {
      const name = this.cases.meta.columns[column].name;
      cells.push(make("span", { className: "num", title: name }, ...shown.nodes(name)));
    }
    cells.push(make("span", { className: "start" }, "input"));
    $("list-head").replaceChildren(...cells);
    $("explorer").style.setProperty("--numbers", String(this.view.columns.length + (this.view.pair ? 1 : 0)));
  }

  draw() {
    const top = Math.max(0, Math.floor(this.viewport.scrollTop / this.rowHeight) - 6);
    const seen = Math.ceil(this.viewport.clientHeight / this.rowHeight) + 12;
    const bottom = Math.min(this.found.length, top + seen);
    for (const [at, row] of this.rows) {
      if (at < top || at >= bottom) {
        row.remove();
        this.rows.delete(at);
      }
    }
    const fresh = [];
    for (let at = top; at < bottom; at++) {
      if (!this.rows.has(at)) {
        this.rows.set(at, this.row(at));
        fresh.push(this.rows.get(at));
      }
    }
    this.canvas.append(...fresh);
  }

  row(at) {
    const i = this.found[at];
    const { pair, columns } = this.view;
    const cells = [make("span", { className: "id", attrs: { role: "gridcell" } }, ...shown.nodes(this.cases.ids.at(i)))];
    if (pair) cells.push(this.deltaCell(this.cases.delta(pair, i)));
    for (const column of columns) cells.push(this.valueCell(column, i));
    const start = make("span", { className: "start", attrs: { role: "gridcell" } });
    start.append(...shown.nodes(this.cases.heads.at(i)));
    cells.push(start);
    const attrs = { role: "row", "aria-rowindex": String(at + 1), "aria-selected": String(at === this.current) };
    const row = make("div", { className: "row", id: `row-${at}`, attrs }, ...cells);
    row.dataset.at = String(at);
    row.style.top = `${at * this.rowHeight}px`;
    return row;
  }

  deltaCell(delta) {
    if (Number.isNaN(delta)) return make("span", { className: "num quiet", attrs: { role: "gridcell" } }, "–");
    const kind = delta < 0 ? "worse" : delta > 0 ? "better" : "quiet";
    const mark = delta < 0 ? "▼ " : delta > 0 ? "▲ " : "";
    return make("span", { className: `num ${kind}`, attrs: { role: "gridcell" } }, mark + signedFigure(delta));
  }

  valueCell(column, i) {
    const status = this.cases.status(column, i);
    const text = status === "scored" ? figure(this.cases.values[column][i]) : status;
    const kind = status === "scored" ? "num" : "num word";
    return make("span", { className: kind, title: text, attrs: { role: "gridcell" } }, text);
  }

  /** Open the row at this place; returns whether there is one. */
  open(at, { scroll = true } = {}) {
    if (at < 0 || at >= this.found.length) return false;
    const before = this.rows.get(this.current);
    if (before) before.setAttribute("aria-selected", "false");
    this.current = at;
    if (scroll) this.reveal(at);
    this.draw();
    this.rows.get(at)?.setAttribute("aria-selected", "true");
    this.viewport.setAttribute("aria-activedescendant", `row-${at}`);
    this.onOpen(this.found[at]);
    return true;
  }

  reveal(at) {
    const top = at * this.rowHeight;
    const { scrollTop, clientHeight } = this.viewport;
    if (top < scrollTop) this.viewport.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.viewport.scrollTop = top + this.rowHeight - clientHeight;
  }

  get page() {
    return Math.max(1, Math.floor(this.viewport.clientHeight / this.rowHeight) - 1);
  }
}
