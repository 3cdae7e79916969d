"use strict";
// The page can be read without this: it sorts tables, shows hints at once, and joins a well in the table with the same
// well in the figures. It asks for nothing from anywhere.
(function () {
  const value = (cell) => {
    const text = cell.textContent.trim();
    if (text === "" || text === "\u2013") return null;
    const plain = text.replace(/[\u202f ](?=\d{3})/g, "").replace("\u2212", "-").replace(/^[<>=\u2265×] ?/, "");
    const number = parseFloat(plain);
    return /^-?[\d.]/.test(plain) && !Number.isNaN(number) ? number : text;
  };
  const order = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => ({ row, key: value(row.cells[column]) }));
        const known = rows.filter((one) => one.key !== null).sort((a, b) => order(a.key, b.key) * (down ? -1 : 1));
        body.append(...known.concat(rows.filter((one) => one.key === null)).map((one) => one.row));
      });
    });
  }

  const hint = document.createElement("div");
  hint.id = "hint";
  hint.setAttribute("role", "status");
  hint.hidden = true;
  document.body.append(hint);
  for (const title of document.querySelectorAll("svg [data-well] > title")) {
    title.parentNode.dataset.hint = title.textContent;
    title.remove();
  }
  const mark = (well, on) => {
    for (const one of document.querySelectorAll("[data-well]")) {
      if (one.dataset.well === well) one.classList.toggle("marked", on);
    }
  };
  const at = (event) => (event.target instanceof Element ? event.target.closest("[data-well]") : null);
  document.addEventListener("pointerover", (event) => {
    const one = at(event);
    if (!one) return;
    mark(one.dataset.well, true);
    if (!one.dataset.hint) return;
    hint.textContent = one.dataset.hint;
    hint.hidden = false;
    const room = document.documentElement.clientWidth - hint.offsetWidth - 8;
    hint.style.left = `${Math.max(8, Math.min(event.pageX + 12, room))}px`;
    hint.style.top = `${event.pageY + 16}px`;
  });
  document.addEventListener("pointerout", (event) => {
    const one = at(event);
    if (!one) return;
    mark(one.dataset.well, false);
    hint.hidden = true;
  });
  document.addEventListener("click", (event) => {
    const one = at(event);
    if (!one || !one.closest("svg")) return;
    const look = [...document.querySelectorAll("[data-look]")].find((each) => each.dataset.look === one.dataset.well);
    if (look) look.scrollIntoView({ behavior: "smooth", block: "center" });
  });
})();
