"use strict";
(() => {
  const found = (id) => document.getElementById(id);
  const { failures, waivers, ops, speeds } = JSON.parse(found("data").textContent);

  // What is shown is set as text, never as HTML.
  function make(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // ---- Filters -------------------------------------------------------------------------------
  const matrix = found("matrix");
  const body = matrix && matrix.tBodies[0];
  const form = found("filters");
  const search = found("search");
  const chips = [...document.querySelectorAll(".chip")];
  const choice = (id) => (found(id) ? found(id).value : "");

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const states = chips.filter((c) => c.getAttribute("aria-pressed") === "true").map((c) => c.dataset.state);
    const dtype = choice("dtype"), kind = choice("kind"), onlyFailures = found("failures-only").checked;
    let shown = 0;
    for (const row of body.rows) {
      const op = ops[row.dataset.op];
      const cell = dtype ? op.cells[dtype] : op;
      const name = row.dataset.op.toLowerCase();
      const state = cell && cell.state;
      const keep =
        state !== undefined &&
        words.every((word) => name.includes(word)) &&
        (!kind || op.kind === kind) &&
        (!states.length || states.includes(state)) &&
        (!onlyFailures || cell.counts.failed > 0);
      row.hidden = !keep;
      shown += keep;
    }
    for (const cell of matrix.querySelectorAll("[data-dtype]")) {
      cell.hidden = Boolean(dtype) && cell.dataset.dtype !== dtype;
    }
    [...matrix.tHead.rows[0].cells].forEach((head, i) => {
      if (head.dataset.dtype) matrix.querySelectorAll("col")[i].hidden = head.hidden;
    });
    found("shown").textContent = `${shown} of ${body.rows.length}`;
  }

  if (matrix) {
    form.addEventListener("input", filter);
    form.addEventListener("change", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => {
      chips.forEach((c) => c.setAttribute("aria-pressed", "false"));
      setTimeout(filter);
    });
    for (const chip of chips) {
      chip.addEventListener("click", () => {
        chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
        filter();
      });
    }
  }

  // ---- Sorting -------------------------------------------------------------------------------
  function value(row, column) {
    const cell = row.cells[column];
    const data = cell.dataset.value;
    return data === undefined ? cell.textContent.trim().toLowerCase() : Number(data);
  }

  for (const button of document.querySelectorAll("th button[data-sort]")) {
    button.addEventListener("click", () => {
      const head = button.parentElement, table = head.closest("table");
      const before = head.getAttribute("aria-sort");
      const numbers = head.classList.contains("number");
      // Numbers begin with the largest, names with a; the third click brings the first order back.
      const order = numbers ? ["descending", "ascending"] : ["ascending", "descending"];
      const next = order[order.indexOf(before) + 1];
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      const sign = next === "descending" ? -1 : 1;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const first = a.dataset.order - b.dataset.order;
        if (!next) return first;
        const x = value(a, head.cellIndex), y = value(b, head.cellIndex);
        return (x < y ? -sign : x > y ? sign : 0) || first;
      });
      table.tBodies[0].append(...rows);
    });
  }

  // ---- Details -------------------------------------------------------------------------------
  const details = found("details");
  let opener = null;

  function counts(list, counted) {
    for (const [name, n] of Object.entries(counted)) if (n) fact(list, name, n);
  }

  function fact(list, name, text) {
    list.append(make("dt", name), make("dd", text));
  }

  function command(text) {
    const row = make("div", undefined, "command");
    const copy = make("button", "Copy");
    copy.type = "button";
    copy.addEventListener("click", () => {
      const area = make("textarea", text);
      details.append(area);
      area.select();
      copy.textContent = document.execCommand("copy") ? "Copied" : "Select it";
      area.remove();
    });
    row.append(make("pre", text), copy);
    return row;
  }

  function failure(about) {
    const article = make("article");
    article.append(make("h3", `${about.check}: ${about.id}`));
    const lines = String(about.message).split("\n");
    const again = lines.find((line) => line.startsWith("reproduce: "));
    article.append(make("pre", lines.filter((line) => line !== again).join("\n")));
    if (again) article.append(command(again.slice("reproduce: ".length)));
    return article;
  }

  function open(name, dtype, from) {
    const op = ops[name];
    if (!op) return;
    const cell = dtype ? op.cells[dtype] : op;
    found("details-title").textContent = dtype ? `${name}, ${dtype}` : name;
    const content = found("details-body");
    content.replaceChildren();
    const list = make("dl");
    fact(list, "kind", op.kind);
    fact(list, "state", cell.state);
    counts(list, cell.counts);
    if (!dtype && op.seconds != null) fact(list, "time", `${op.seconds.toFixed(2)} s`);
    const speed = speeds[name];
    if (speed) {
      fact(list, "measured", speed.call);
      if (speed.fraction != null) fact(list, "of the roofline", `${(100 * speed.fraction).toPrecision(2)} %`);
      if (speed.ratio != null) fact(list, "against NumPy", `${speed.ratio.toFixed(2)} times as fast`);
    }
    content.append(list);
    const failed = op.failures.map((i) => failures[i]).filter((f) => !dtype || !f.dtype || f.dtype === dtype);
    if (failed.length) content.append(make("h3", failed.length === 1 ? "Failure" : `${failed.length} failures`));
    content.append(...failed.map(failure));
    const excused = op.waivers
      .filter(([, dtypes]) => !dtype || !dtypes || dtypes.includes(dtype))
      .map(([i]) => waivers[i]);
    if (excused.length) content.append(make("h3", "Waivers"));
    for (const waiver of excused) {
      content.append(make("pre", `${waiver.id}\n${waiver.reason}\n${waiver.link}`));
    }
    if (!failed.length && !excused.length) content.append(make("p", "Nothing failed.", "hint"));
    for (const chosen of document.querySelectorAll(".chosen")) chosen.classList.remove("chosen");
    if (from) from.classList.add("chosen");
    opener = from;
    details.hidden = false;
    details.scrollTop = 0;
    details.focus({ preventScroll: true });
  }

  function close() {
    if (details.hidden) return;
    details.hidden = true;
    if (opener) {
      opener.classList.remove("chosen");
      opener.focus({ preventScroll: true });
    }
  }

  function openFrom(target) {
    const cell = target.closest(".cell");
    if (!cell) return false;
    rove(cell);
    open(cell.parentElement.dataset.op, cell.dataset.dtype, cell);
    return true;
  }

  document.addEventListener("click", (event) => {
    if (openFrom(event.target)) return;
    const point = event.target.closest("circle[data-op]");
    if (point) open(point.dataset.op, undefined, null);
  });
  found("close").addEventListener("click", close);

  // ---- Keyboard: one cell takes part in the order of tabs, arrows lead to the others ----------
  let current = body && body.querySelector(".cell");

  function rove(cell) {
    if (current) current.tabIndex = -1;
    current = cell;
    cell.tabIndex = 0;
  }

  function visible(cell) {
    return cell && !cell.hidden && cell.classList.contains("cell");
  }

  function neighbour(cell, key) {
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const step = key === "ArrowLeft" ? "previousElementSibling" : "nextElementSibling";
      let next = cell[step];
      while (next && !visible(next)) next = next[step];
      return next;
    }
    const step = key === "ArrowUp" ? "previousElementSibling" : "nextElementSibling";
    let row = cell.parentElement[step];
    while (row && (row.hidden || !visible(row.cells[cell.cellIndex]))) row = row[step];
    return row && row.cells[cell.cellIndex];
  }

  if (current) {
    current.tabIndex = 0;
    body.addEventListener("keydown", (event) => {
      const cell = event.target.closest(".cell");
      if (!cell) return;
      if (event.key.startsWith("Arrow")) {
        event.preventDefault();
        const next = neighbour(cell, event.key);
        if (next) {
          rove(next);
          next.focus();
        }
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        openFrom(cell);
      }
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && search) {
      event.preventDefault();
      search.focus();
    }
  });

  // ---- Printing shows every message ----------------------------------------------------------
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });
})();
