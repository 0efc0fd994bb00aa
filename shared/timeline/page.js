"use strict";
// Everything here is a comfort: without it, bars still link to rows and the table is whole.

const rows = [...document.querySelectorAll("tr[data-class]")];
const marks = [...document.querySelectorAll("a[data-event]")];
const filters = document.querySelector(".filters");

function light(number, on) {
  document.getElementById(`event-${number}`)?.classList.toggle("lit", on);
  for (const mark of marks) {
    if (mark.dataset.event === number) mark.classList.toggle("lit", on);
  }
}

for (const mark of marks) {
  const number = mark.dataset.event;
  for (const [begin, end] of [["focus", "blur"], ["mouseenter", "mouseleave"]]) {
    mark.addEventListener(begin, () => light(number, true));
    mark.addEventListener(end, () => light(number, false));
  }
  mark.addEventListener("click", () => document.getElementById(`event-${number}`)?.focus());
  mark.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const inTime = [...marks].sort((a, b) => a.dataset.event - b.dataset.event);
    inTime[inTime.indexOf(mark) + step]?.focus();
    event.preventDefault();
  });
}

for (const row of rows) {
  const number = row.id.replace("event-", "");
  row.addEventListener("mouseenter", () => light(number, true));
  row.addEventListener("mouseleave", () => light(number, false));
}

if (filters) {
  filters.hidden = false;
  filters.addEventListener("change", () => {
    const shown = new Set([...filters.querySelectorAll("input:checked")].map((box) => box.value));
    for (const row of rows) row.hidden = !shown.has(row.dataset.class);
    const left = rows.filter((row) => !row.hidden).length;
    document.getElementById("shown").textContent = `${left} of ${rows.length} events shown`;
  });
}
