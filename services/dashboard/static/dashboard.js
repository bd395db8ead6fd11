"use strict";
// Progressive enhancement: every page and form works without this script.
(() => {
  const byId = (id) => document.getElementById(id);
  const json = { Accept: "application/json" };

  // A page that waits for something asks for its state until that has changed.
  const watch = (mark, seconds) => {
    let polls = 0;
    const poll = async () => {
      if ((polls += 1) > 450) return;
      try {
        const status = await (await fetch("/status.json", { headers: json })).json();
        if (status.ok && status.mark !== mark && !(status.pending > 0)) {
          // With the hash: the message and its place stay where the person looks.
          if (location.search) location.assign(location.pathname + location.hash);
          else location.reload();
          return;
        }
      } catch { /* The next poll may succeed. */ }
      setTimeout(poll, 1000 * seconds);
    };
    setTimeout(poll, 1000 * seconds);
  };
  if (document.body.dataset.mark) watch(document.body.dataset.mark, 1.5);

  // The link opens Netflix's page in a new tab, while this page begins to look for the file.
  const get = byId("get"), look = byId("look");
  if (get && look) get.addEventListener("click", () => look.requestSubmit());

  const form = byId("upload");
  if (form) {
    const input = byId("file"), says = byId("upload-says"), bar = byId("progress");
    document.querySelector(".drop-hint").hidden = false;
    // A file does not cover the weeks after its download; the browser may know its time.
    const date = () => {
      // The oldest of several files, because none covers days after its own download.
      const oldest = Math.min(...[...input.files].map((file) => file.lastModified)), day = byId("downloaded");
      if (!(oldest > 0 && oldest < Infinity)) return;
      const local = new Date(oldest - 60000 * new Date(oldest).getTimezoneOffset());
      const text = local.toISOString().slice(0, 10);
      if (text <= day.max) day.value = text;
    };
    input.addEventListener("change", date);
    const send = () => {
      const request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => {
        bar.value = event.lengthComputable ? (100 * event.loaded) / event.total : 50;
        says.textContent = bar.value < 100 ? form.dataset.sent.replace("{}", Math.floor(bar.value)) : form.dataset.reading;
      };
      const ended = (message, isDone = false) => {
        bar.parentElement.hidden = true;
        form.querySelector("button").disabled = false;
        says.className = isDone ? "" : "message refused";
        says.setAttribute("role", isDone ? "status" : "alert");
        says.textContent = message;
        // A file may be dropped anywhere on the page.
        if (!isDone) { says.tabIndex = -1; says.focus(); }
      };
      request.onerror = () => ended(form.dataset.gone);
      request.onload = async () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* not one of our answers */ }
        if (!answer.ok) { ended(answer.error || form.dataset.failed); input.value = ""; return; }
        ended(answer.message, true);
        const status = await (await fetch("/status.json", { headers: json })).json();
        if (status.pending > 0) watch("", 1); else location.assign("/");
      };
      form.querySelector("button").disabled = true;
      says.className = "";
      bar.parentElement.hidden = false;
      request.send(new FormData(form));
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
    for (const kind of ["dragenter", "dragover"]) {
      document.addEventListener(kind, (event) => { event.preventDefault(); form.classList.add("over"); });
    }
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("over");
      if (!event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      date();
      send();
    });
  }

  const copy = byId("copy");
  if (copy) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      const report = byId("report");
      try { await navigator.clipboard.writeText(report.value); } catch { report.select(); document.execCommand("copy"); }
      byId("copied").textContent = copy.dataset.copied;
    });
  }
})();
