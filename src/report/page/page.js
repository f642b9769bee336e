"use strict";
(() => {
  const $ = (id) => document.getElementById(id);

  // Copies a text; says at the button whether that went well.
  const copy = async (text, button, done) => {
    const before = button.dataset.label ?? button.textContent;
    button.dataset.label = before;
    let isCopied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      isCopied = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    const said = isCopied ? done : "Copying is not allowed here";
    button.textContent = said;
    setTimeout(() => {
      if (button.textContent === said) button.textContent = before; // a search may have changed it meanwhile
    }, 2500);
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy($(button.dataset.copy).textContent, button, "Copied"));
  }

  // What is folded is printed as well.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open], .numbers)")) {
      details.open = true;
      details.dataset.folded = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const details of document.querySelectorAll("details[data-folded]")) {
      details.open = false;
      delete details.dataset.folded;
    }
  });

  const table = $("left-table");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const texts = new Map(rows.map((row) => [row, [...row.cells].map((cell) => cell.textContent.trim()).join(" ").toLowerCase()]));
  const [search, outcome, button, status] = ["search", "outcome", "copy-rows", "shown"].map($);
  const number = (count) => count.toLocaleString("en");

  const ranges = (text) => text.split(", ").filter(Boolean).map((part) => {
    const [from, to] = part.split("-").map(Number);
    return [from, to ?? from];
  });
  const merged = (list) => {
    list.sort((a, b) => a[0] - b[0]);
    const all = [];
    for (const [from, to] of list) {
      const last = all.at(-1);
      if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else all.push([from, to]);
    }
    return all;
  };

  // With a search, the rows that are seen; else all rows of the outcome, listed or not.
  const wanted = () => {
    if (search.value.trim()) {
      const seen = rows.filter((row) => !row.hidden).map((row) => Number(row.cells[0].textContent));
      return { list: merged(seen.map((row) => [row, row])), beyond: 0 };
    }
    const lists = [...document.querySelectorAll("p[data-outcome]")]
      .filter((list) => !outcome.value || list.dataset.outcome === outcome.value);
    return {
      list: merged(lists.flatMap((list) => ranges(list.textContent))),
      beyond: lists.reduce((sum, list) => sum + Number(list.dataset.beyond), 0),
    };
  };

  const tell = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!outcome.value || row.dataset.outcome === outcome.value) && words.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    table.classList.toggle("searched", shown < rows.length);
    const { list, beyond } = wanted();
    const count = list.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    delete button.dataset.label;
    button.disabled = count === 0;
    button.textContent = `Copy ${number(count)} ${search.form.dataset.noun} number${count === 1 ? "" : "s"}`;
    status.textContent = `${number(shown)} of ${number(rows.length)} listed entries shown`
      + (beyond ? `; ${number(beyond)} more rows are only in results.csv` : "");
  };

  button.addEventListener("click", () => {
    const { list } = wanted();
    copy(list.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(", "), button, "Copied");
  });
  search.addEventListener("input", tell);
  outcome.addEventListener("change", tell);
  search.form.addEventListener("submit", (event) => event.preventDefault());

  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const sort = document.createElement("button");
    sort.type = "button";
    sort.textContent = head.textContent;
    head.replaceChildren(sort);
    sort.addEventListener("click", () => {
      const isDown = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", isDown ? "descending" : "ascending");
      const text = (row) => row.cells[column].textContent.trim();
      const by = head.dataset.kind === "number"
        ? (a, b) => (text(a) === "" ? -1 : Number(text(a))) - (text(b) === "" ? -1 : Number(text(b)))
        : (a, b) => compare(text(a), text(b));
      rows.sort((a, b) => (isDown ? by(b, a) : by(a, b)));
      body.append(...rows);
    });
  });

  search.form.hidden = false;
  tell();
})();
