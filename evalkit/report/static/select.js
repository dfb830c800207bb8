// Which cases are shown, and in which order: pure functions of the cases and the state.

const FILTERS = {
  regressions: { text: "▼ regressions", paired: true, keep: (delta) => delta < 0 },
  improvements: { text: "▲ improvements", paired: true, keep: (delta) => delta > 0 },
  ties: { text: "unchanged", paired: true, keep: (delta) => delta === 0 },
  unscored: { text: "unscored" },
  all: { text: "all" },
};
const SORTS = { worst: "worst first", best: "best first", id: "case id", dataset: "dataset order" };

class Selection {
  constructor(cases) {
    this.cases = cases;
    this.views = this.makeViews();
    this.textHits = null;
  }

  /** What can be looked at: each comparison, or each run where nothing is compared. */
  makeViews() {
    const { columns, comparisons } = this.cases.meta;
    const groups = new Set(columns.map((column) => column.group));
    const peers = (column) => columns.map((_, at) => at).filter((at) => columns[at].group === columns[column].group);
    const ending = (column) => (groups.size > 1 ? ` · ${columns[column].group}` : "");
    if (comparisons.length) {
      return comparisons.map((pair) => ({
        pair,
        main: pair.after,
        name: `${columns[pair.after].name} vs ${columns[pair.before].name}${ending(pair.after)}`,
        columns: [pair.before, pair.after],
        peers: peers(pair.after),
      }));
    }
    return columns.map((column, at) => ({ pair: null, main: at, name: column.name + ending(at), columns: peers(at).slice(0, 4), peers: peers(at) }));
  }

  /** Cases that fit the tag and the search, in the order of the file. */
  matching({ tag, find }) {
    const { tagset, ids, heads, n, meta } = this.cases;
    const wanted = meta.tagsets.map((tags) => tag === "" || tags.includes(tag));
    const query = find.trim().toLowerCase();
    const found = [];
    for (let i = 0; i < n; i++) {
      if (!wanted[tagset[i]]) continue;
      if (query && !(this.textHits ? this.textHits.has(i) : ids.at(i).toLowerCase().includes(query) || heads.at(i).toLowerCase().includes(query))) continue;
      found.push(i);
    }
    return found;
  }

  keeps(name, view, i) {
    if (name === "all") return true;
    if (name === "unscored") return view.columns.some((column) => this.cases.unscored(column, i));
    return FILTERS[name].keep(this.cases.delta(view.pair, i));
  }

  counts(matching, view, names) {
    const counts = {};
    for (const value of names) {
      counts[value] = 0;
      for (const i of matching) if (this.keeps(value, view, i)) counts[value]++;
    }
    return counts;
  }

  /** Unpaired or unscored cases stand last; equals keep the order of the dataset. */
  sorted(found, view, sort) {
    const { cases } = this;
    const place = (a, b) => cases.position[a] - cases.position[b];
    if (sort === "dataset") return found.sort(place);
    if (sort === "id") {
      const keyed = found.map((i) => [cases.ids.at(i), i]);
      const collator = new Intl.Collator("en", { numeric: true });
      return keyed.sort((a, b) => collator.compare(a[0], b[0]) || place(a[1], b[1])).map(([, i]) => i);
    }
    const sign = sort === "best" ? -1 : 1;
    const keys = new Float64Array(cases.n);
    for (const i of found) {
      const key = view.pair ? cases.delta(view.pair, i) : cases.values[view.main][i];
      keys[i] = Number.isNaN(key) ? Infinity : sign * key;
    }
    return found.sort((a, b) => (keys[a] === keys[b] ? place(a, b) : keys[a] - keys[b]));
  }

  haystack(texts) {
    const reasons = texts.cells.map((cell) => (cell && cell[1]) || "");
    const outputs = texts.outputs.map((output) => output || "");
    return [texts.input, texts.expected || "", ...outputs, ...reasons].join("\n").toLowerCase();
  }
}
