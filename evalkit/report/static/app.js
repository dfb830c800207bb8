// The explorer: what is shown is a function of the state, and the state is the address.

const DEFAULTS = { show: null, view: 0, tag: "", sort: "worst", find: "", case: "" };
let shown;

class Explorer {
  constructor(cases) {
    this.cases = cases;
    this.selection = new Selection(cases);
    this.views = this.selection.views;
    this.caseView = new CaseView(cases);
    this.list = new List(cases, (i) => this.opened(i));
    this.buildControls();
    this.listen();
    this.restore();
  }

  buildControls() {
    const option = (value, text) => make("option", { value }, ...text);
    const tags = [...new Set(this.cases.meta.tagsets.flat())].sort();
    const plain = (text) => shown.nodes(text).map((node) => (typeof node === "string" ? node : `<${node.textContent}>`));
    $("view").replaceChildren(...this.views.map((view, at) => option(String(at), plain(view.name))));
    $("tag").replaceChildren(option("", ["all tags"]), ...tags.map((tag) => option(tag, plain(tag))));
    $("sort").replaceChildren(...Object.entries(SORTS).map(([value, text]) => option(value, [text])));
    $("tag-label").hidden = tags.length === 0;
    $("view-label").hidden = this.views.length < 2;
    if (!this.views[0]?.pair) $("view-label").firstChild.data = "run ";
    this.buttons = Object.entries(FILTERS)
      .filter(([, filter]) => !filter.paired || this.views[0]?.pair)
      .map(([name, filter]) => make("button", { type: "button", value: name }, `${filter.text} `, make("span", { className: "quiet" })));
    $("filters").replaceChildren(...this.buttons);
  }

  listen() {
    $("filters").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) this.change({ show: button.value, case: "" });
    });
    $("view").onchange = (event) => this.change({ view: Number(event.target.value) });
    $("tag").onchange = (event) => this.change({ tag: event.target.value });
    $("sort").onchange = (event) => this.change({ sort: event.target.value });
    $("find").oninput = (event) => {
      this.selection.textHits = null;
      this.change({ find: event.target.value });
    };
    $("find").onkeydown = (event) => {
      if (event.key === "Enter") this.searchTexts();
      if (event.key === "Escape") event.target.blur();
    };
    $("explorer").addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.restore());
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    const { list } = this;
    const steps = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1, PageDown: list.page, PageUp: -list.page, Home: -Infinity, End: Infinity };
    const inList = event.target === list.viewport;
    if (event.key in steps && (inList || event.key === "j" || event.key === "k")) {
      event.preventDefault();
      list.open(Math.min(list.found.length - 1, Math.max(0, list.current + steps[event.key])));
    } else if (event.key === "/") {
      event.preventDefault();
      $("find").focus();
    } else if (event.key === "Enter" && inList) $("case").focus();
  }

  /** Read the state from the address. */
  restore() {
    const given = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    const state = { ...DEFAULTS };
    for (const name of Object.keys(DEFAULTS)) if (given.has(name)) state[name] = given.get(name);
    state.view = Math.min(Math.max(0, Number.parseInt(state.view, 10) || 0), Math.max(0, this.views.length - 1));
    if (!Object.hasOwn(SORTS, state.sort)) state.sort = DEFAULTS.sort;
    if (!this.buttons.some((button) => button.value === state.show)) state.show = null;
    if (state.find !== this.state?.find) this.selection.textHits = null;
    this.state = state;
    this.refresh({ linked: true });
  }

  change(part) {
    this.state = { ...this.state, ...part };
    this.refresh({ linked: false });
  }

  /** Write the state to the address, without a new entry in the history. */
  remember() {
    const kept = new URLSearchParams();
    for (const [name, value] of Object.entries(this.state)) {
      if (value !== null && value !== DEFAULTS[name]) kept.set(name, value);
    }
    const text = kept.toString();
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // An embedding page may forbid it; the explorer works without an address.
    }
  }

  refresh({ linked }) {
    const view = this.views[this.state.view];
    if (!view) return;
    const { selection } = this;
    const matching = selection.matching(this.state);
    const counts = selection.counts(matching, view, this.buttons.map((button) => button.value));
    this.state.show ??= counts.regressions ? "regressions" : "all";
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.value === this.state.show));
      button.lastChild.textContent = counts[button.value].toLocaleString("en");
    }
    const kept = matching.filter((i) => selection.keeps(this.state.show, view, i));
    const found = selection.sorted(kept, view, this.state.sort);
    for (const name of ["view", "tag", "sort", "find"]) if ($(name) !== document.activeElement) $(name).value = String(this.state[name]);
    this.say(`${found.length.toLocaleString("en")} of ${this.cases.n.toLocaleString("en")} cases`);
    this.list.current = -1;
    this.list.fill(found, view);
    this.openFirst(found, { linked });
  }

  /** The open case stays open where it can; a linked case is shown even if the filter hides it. */
  openFirst(found, { linked }) {
    const wanted = this.state.case;
    const at = wanted === "" ? 0 : found.findIndex((i) => this.cases.ids.at(i) === wanted);
    if (this.list.open(at)) return;
    if (linked && wanted !== "" && this.openOutside(wanted)) return;
    if (this.list.open(0)) return;
    this.state.case = "";
    this.caseView.empty(this.cases.n ? "No case matches. Choose another filter, or clear the search." : "This report holds no cases.");
    this.remember();
  }

  openOutside(id) {
    for (let i = 0; i < this.cases.n; i++) {
      if (this.cases.ids.at(i) === id) {
        this.opened(i);
        return true;
      }
    }
    return false;
  }

  opened(i) {
    this.state.case = this.cases.ids.at(i);
    this.remember();
    const { list } = this;
    const step = (by) => (list.current >= 0 && list.found[list.current + by] !== undefined ? () => list.open(list.current + by) : null);
    this.caseView.show(i, this.views[this.state.view], { previous: step(-1), next: step(1) });
  }

  /** Unpack every chunk and search inputs, expectations, outputs and reasons. */
  async searchTexts() {
    const query = this.state.find.trim().toLowerCase();
    if (!query) return;
    const { n, meta } = this.cases;
    const hits = new Set();
    const chunkCount = Math.ceil(n / meta.perChunk);
    for (let chunk = 0; chunk < chunkCount; chunk++) {
      if (this.state.find.trim().toLowerCase() !== query) return;
      if (chunk % 16 === 0) this.say(`searching all text: ${Math.floor((100 * chunk) / chunkCount)} %`);
      const texts = await this.cases.chunk(chunk);
      for (let i = chunk * meta.perChunk; i < Math.min(n, (chunk + 1) * meta.perChunk); i++) {
        const inText = texts && this.selection.haystack(texts[i % meta.perChunk]).includes(query);
        if (inText || this.cases.ids.at(i).toLowerCase().includes(query)) hits.add(i);
      }
    }
    this.selection.textHits = hits;
    this.change({ case: "" });
  }

  say(text) {
    $("count").textContent = text;
  }
}

function themeButton() {
  $("tools").hidden = false;
  $("theme").onclick = () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
  };
}

/** On paper the outputs and the prompts are open; what stands behind a run is not worth its room there. */
function openForPrint() {
  window.addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("#worst details, .method details")) details.open = true;
  });
}

async function start() {
  themeButton();
  openForPrint();
  if (typeof DecompressionStream === "undefined") {
    $("no-script").textContent = "This browser cannot unpack the cases (it lacks DecompressionStream); a newer one can.";
    return;
  }
  const cases = await Cases.load();
  shown = new Shown(cases.meta.hidden);
  $("explorer").hidden = false;
  document.documentElement.classList.add("live");
  new Explorer(cases);
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.ready = String(Math.round(performance.now()));
  }));
}

start();
