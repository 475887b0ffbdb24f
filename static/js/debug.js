// The debug window: score and class follow every control at once, from curves that came with the page; after a pause,
// the loaded model itself says what the changed row is, with its contributions.
import "./app.js";

const REST = 150;
const AGAIN = 300;

class Debugger {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.dataset.debug);
    this.changes = {};
    // Rows whose curves are known: as sent, and the last one that the model has answered.
    this.known = [{ changes: {}, curves: this.data.features }];
    this.asked = 0;
    this.servedHtml = root.querySelector("#debug-said").innerHTML;
    root.addEventListener("input", ({ target }) => this.tried(target));
    root.addEventListener("click", ({ target }) => {
      if (target.closest("[data-reset]")) this.reset();
      if (target.closest("[data-flip]")) this.flip();
    });
  }

  tried(control) {
    const row = control.closest("[data-input]");
    if (!row) return;
    const name = row.dataset.input;
    const feature = this.data.features[name];
    const at = Number(control.value);
    if (at === feature.own) delete this.changes[name];
    else this.changes[name] = feature.values[at];
    this.showRow(row, feature, at);
    this.showScore(name, at);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), REST);
  }

  showRow(row, feature, at) {
    row.classList.toggle("moved", at !== feature.own);
    const output = row.querySelector("output");
    if (output) output.textContent = feature.options[at];
  }

  // The score of this row, if only the control's own feature differs from a row whose curves are known.
  showScore(name, at) {
    const rest = JSON.stringify(this.without(name, this.changes));
    const base = this.known.find((each) => JSON.stringify(this.without(name, each.changes)) === rest);
    const curve = base?.curves[name];
    const found = curve ? curve.values.indexOf(this.data.features[name].values[at]) : -1;
    if (found < 0) {
      this.root.querySelector("[data-now='short']").textContent = "…";
      return;
    }
    this.show(curve.scores[found], curve.predicted[found]);
    this.place(name, at, curve.scores[found]);
  }

  without(name, changes) {
    return Object.fromEntries(Object.entries(changes).filter(([each]) => each !== name).sort());
  }

  show(score, predicted) {
    const now = (part, write) => this.root.querySelectorAll(`[data-now='${part}']`).forEach(write);
    const said = this.data.labels[predicted] ?? this.number(predicted);
    const full = score === null ? "–" : this.data.isNumber ? String(score) : score.toFixed(6);
    now("said", (each) => {
      each.textContent = said;
      each.classList.toggle("away", predicted !== this.served());
    });
    now("short", (each) => (each.textContent = this.short(score)));
    now("score", (each) => (each.textContent = full));
    now("dot", (each) => each.setAttribute("cx", `${this.percent(score)}%`));
  }

  served() {
    const [feature] = Object.values(this.data.features);
    return feature?.predicted[feature.own];
  }

  place(name, at, score) {
    const dot = this.row(name).querySelector("svg .now");
    const isRange = this.row(name).querySelector("input[type=range]");
    const steps = Math.max(1, this.data.features[name].values.length - 1);
    dot.setAttribute("cx", `${isRange ? (100 * at) / steps : this.percent(score)}%`);
    dot.setAttribute("cy", `${isRange ? 100 - this.percent(score) : 50}%`);
  }

  percent(score) {
    const { low, high } = this.data;
    return score === null || high <= low ? 50 : (100 * (score - low)) / (high - low);
  }

  short(score) {
    if (score === null) return "–";
    if (this.data.isNumber) return this.number(score);
    return score >= 0.01 && score <= 0.99 ? `${Math.round(100 * score)} %` : `${(100 * score).toFixed(1)} %`;
  }

  number(value) {
    return typeof value === "number" ? `${Number(value.toPrecision(6))} ${this.data.unit}`.trim() : String(value);
  }

  row(name) {
    return this.root.querySelector(`[data-input="${CSS.escape(name)}"]`);
  }

  set(name, at) {
    const control = this.row(name).querySelector("input, select");
    control.value = String(at);
    this.tried(control);
  }

  reset() {
    for (const name of Object.keys(this.changes)) this.set(name, this.data.features[name].own);
  }

  flip() {
    const { feature, value } = this.data.flip;
    this.reset();
    this.set(feature, this.data.features[feature].values.indexOf(value));
  }

  async ask() {
    const asked = ++this.asked;
    const changes = { ...this.changes };
    const said = this.root.querySelector("#debug-said");
    if (!Object.keys(changes).length) {
      said.innerHTML = this.servedHtml;
      return;
    }
    said.setAttribute("aria-busy", "true");
    let answer = await this.send({ method: "POST", body: JSON.stringify(changes) });
    while (answer?.waits && asked === this.asked) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      answer = await this.send({}, `&now=${answer.waits}`);
    }
    // Another change came meanwhile: its own answer is on the way.
    if (asked !== this.asked) return;
    said.removeAttribute("aria-busy");
    if (!answer || answer.error) return this.fail(answer?.error);
    said.innerHTML = answer.html;
    this.known = [this.known[0], { changes, curves: answer.curves }];
    this.root.dispatchEvent(new CustomEvent("debug:answered", { bubbles: true }));
  }

  async send(options, more = "") {
    const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? this.root.dataset.token;
    try {
      const response = await fetch(this.root.dataset.url + more, { ...options, headers: { "X-CSRFToken": token } });
      return await response.json();
    } catch {
      return null;
    }
  }

  fail(message) {
    const short = this.root.querySelector("[data-now='short']");
    short.textContent = "–";
    const line = this.root.querySelector(".flip-line");
    line.textContent = message ?? "No answer came. Check the connection and try again.";
  }
}

const start = (scope) => {
  for (const root of scope.querySelectorAll("[data-debug]:not([data-started])")) {
    root.dataset.started = "";
    new Debugger(root);
  }
};
start(document);
document.addEventListener("htmx:load", ({ detail }) => start(detail.elt.parentElement ?? document));
