/* <form data-unsaved="USER" data-session="/session/">: what was typed is not lost by leaving the page unasked, nor by a session
   that ended meanwhile. Before the form is sent the session is asked for; where there is none, or it is somebody else's,
   nothing is sent and [data-signed-out] inside the form says what to do. Without this script the form is an ordinary one. */
(() => {
  "use strict";
  document.querySelectorAll("form[data-unsaved]").forEach((form) => {
    const notice = form.querySelector("[data-signed-out]");
    let typed = false, sent = false;
    form.addEventListener("input", () => { typed = true; });
    window.addEventListener("beforeunload", (event) => { if (typed && !sent) event.preventDefault(); });
    form.addEventListener("submit", async (event) => {
      if (sent) return;
      event.preventDefault();
      let token = null;
      try {
        const answer = await fetch(form.dataset.session, { headers: { Accept: "application/json" } });
        const state = await answer.json();
        if (answer.ok && String(state.user) === form.dataset.unsaved) token = state.csrf;
      } catch {
        // No connection: the form stays as it is.
      }
      notice.hidden = Boolean(token);
      if (!token) return notice.focus();
      form.elements.csrfmiddlewaretoken.value = token;  // a new sign-in has a new one
      sent = true;
      form.submit();
    });
  });
})();
