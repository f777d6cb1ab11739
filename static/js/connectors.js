// The form of a source: only the questions its kind asks, and more lines of the map as they are needed.
"use strict";
document.querySelectorAll("[data-source]").forEach((form) => {
  const parts = form.querySelectorAll("[data-when]");
  const show = () => parts.forEach((part) => {
    const [name, values] = part.dataset.when.split("=");
    part.hidden = !values.split(",").includes(form.elements[name].value);
  });
  form.addEventListener("change", show);
  show();
  const body = form.querySelector("[data-picks]");
  const add = form.querySelector("[data-add-pick]");
  const total = form.elements["picks-TOTAL_FORMS"];
  add.hidden = false;
  add.addEventListener("click", () => {
    const number = Number(total.value);
    if (number >= 80) return;
    const line = body.rows[body.rows.length - 1].cloneNode(true);
    line.querySelectorAll(".field-error").forEach((error) => error.remove());
    line.querySelectorAll("[name]").forEach((field) => {
      field.name = field.name.replace(/\d+/, number);
      field.id = field.id.replace(/\d+/, number);
      if (field.tagName === "SELECT") field.selectedIndex = 0; else field.value = "";
    });
    line.querySelectorAll("label").forEach((label) => { label.htmlFor = label.htmlFor.replace(/\d+/, number); });
    body.append(line);
    total.value = number + 1;
    line.querySelector("input").focus();
  });
});
