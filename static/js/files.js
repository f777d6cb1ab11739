/* <input type="file" data-each="BYTES" data-all="BYTES">: a file too large is said at the field before anything is sent: an upload the
   server cuts off has no answer of ours, and the rest of the form would be gone. Without this script the server says it. */
(() => {
  "use strict";
  const _ = window.gettext || ((text) => text);  // an English page brings its own
  const MB = 1024 * 1024;
  const told = (input) => {
    const files = [...input.files], each = Number(input.dataset.each), all = Number(input.dataset.all);
    const large = files.find((file) => file.size > each);
    if (large) return _("“%(name)s”超过%(most)dMB，请压缩或分成几个文件。").replace("%(name)s", large.name).replace("%(most)d", Math.floor(each / MB));
    if (files.reduce((sum, file) => sum + file.size, 0) <= all) return "";
    return _("所选文件合计超过%(most)dMB，请分几次添加。").replace("%(most)d", Math.floor(all / MB));
  };
  document.querySelectorAll("input[type=file][data-each]").forEach((input) => {
    input.addEventListener("change", () => {
      input.setCustomValidity(told(input));
      if (!input.checkValidity()) input.reportValidity();
    });
  });
})();
