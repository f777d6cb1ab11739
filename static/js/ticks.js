// One tick for all rows of the page. Without it each is ticked by itself.
"use strict";
document.querySelectorAll("[data-tick-all]").forEach((all) => {
  const boxes = [...all.form.querySelectorAll("tbody input[type=checkbox]")];
  const label = all.closest("label");
  if (!boxes.length) return;
  label.hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  boxes.forEach((box) => box.addEventListener("change", () => { all.checked = boxes.every((one) => one.checked); }));
});
