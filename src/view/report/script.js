"use strict";
// Sorts and filters the table. `#sort=kept:desc&filter=db&verdict=weak` in the address does it at once; keys are
// `n:` and a number, `t:` and a text, or nothing, as the page was written. Text is only ever read, never made markup.
(() => {
  const table = document.getElementById("rows");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const filter = document.getElementById("filter");
  const verdict = document.getElementById("verdict");
  const rows = [...body.rows];

  const rank = (key) => (key === "" ? 0 : key[0] === "n" ? 1 : 2);
  const compare = (a, b) => {
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    const [x, y] = [a.slice(2), b.slice(2)];
    return rank(a) === 1 ? Number(x) - Number(y) : x.localeCompare(y);
  };

  const sort = (at, descending) => {
    const order = rows.map((row, number) => ({ row, number, key: row.cells[at].dataset.key }));
    order.sort((a, b) => (descending ? compare(b.key, a.key) : compare(a.key, b.key)) || a.number - b.number);
    heads.forEach((head, number) => {
      const state = number === at ? (descending ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", state);
    });
    body.append(...order.map((item) => item.row));
  };

  // Ids share their beginnings (`db` would find every `dbp_…`): words with a `_` are searched for what holds one.
  const searched = (row, words) => {
    const whole = [...row.cells].map((cell) => cell.textContent);
    const texts = words.includes("_") ? whole : whole.map((text, at) => (at ? text.replace(/\S*_\S*/g, "") : text));
    return texts.join("\n").toLowerCase();
  };

  const show = () => {
    const words = filter.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = searched(row, words).includes(words) && (!verdict.value || row.dataset.verdict === verdict.value);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    document.getElementById("shown").textContent = `${count} of ${rows.length} shown`;
  };

  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(at, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  });
  filter.addEventListener("input", show);
  verdict.addEventListener("change", show);
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("controls").hidden = false;

  const wanted = new URLSearchParams(location.hash.slice(1));
  const [name, direction] = (wanted.get("sort") || "").split(":");
  const at = heads.findIndex((head) => head.dataset.column === name);
  if (at >= 0) sort(at, direction === "desc");
  filter.value = wanted.get("filter") || "";
  verdict.value = wanted.get("verdict") || "";
  show();
})();
