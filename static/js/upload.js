// Shows only the questions that belong to the chosen kind of file. Without it every question is there, and each may be left open.
"use strict";
document.querySelectorAll("[data-upload]").forEach((form) => {
  const kind = form.elements.kind;
  const belongs = { year: ["metrics", ""], register_kind: ["registers"] };
  const show = () => Object.entries(belongs).forEach(([name, kinds]) => {
    const field = form.elements[name] && form.elements[name].closest(".field");
    if (field) field.hidden = !kinds.includes(kind.value);
  });
  kind.addEventListener("change", show);
  show();
});
