// One tick for all forms of the page. Without it each is ticked by itself.
"use strict";
document.querySelectorAll("[data-tick-all]").forEach((all) => {
  const boxes = [...all.form.querySelectorAll("input[name=chosen]")];
  all.hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  boxes.forEach((box) => box.addEventListener("change", () => { all.checked = boxes.every((one) => one.checked); }));
});
