(() => {
  "use strict";
  const root = document.documentElement;
  const byId = (id) => document.getElementById(id);
  document.querySelector(".tools").hidden = false;

  // theme: the system's, until the button is pressed
  const theme = byId("theme");
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { theme.textContent = isDark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  name();

  // find: headings, table rows and figures that have an anchor, or the first cell of a row
  const find = byId("find"), found = byId("found");
  let index = null;
  const build = () => {
    index = [];
    const anchorOf = (node) => {
      const near = node.closest("[id]");
      return near ? near.id : "";
    };
    document.querySelectorAll("main h2, main h3, main tbody tr").forEach((node) => {
      const cells = node.tagName === "TR" ? Array.from(node.cells).slice(0, 2).map((one) => one.textContent).join(" · ") : node.textContent;
      const text = cells.trim().replace(/\s+/g, " ");
      if (text) index.push({ text, low: text.toLowerCase(), node, anchor: anchorOf(node) });
    });
  };
  const show = () => {
    if (index === null) build();
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.replaceChildren();
    found.hidden = words.length === 0;
    if (found.hidden) return;
    const hits = index.filter((one) => words.every((word) => one.low.includes(word)));
    hits.sort((a, b) => a.low.indexOf(words[0]) - b.low.indexOf(words[0]) || a.low.length - b.low.length);
    for (const hit of hits.slice(0, 20)) {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = "#" + hit.anchor;
      link.textContent = hit.text.length > 70 ? hit.text.slice(0, 69) + "…" : hit.text;
      link.addEventListener("click", () => {
        for (let box = hit.node.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
        setTimeout(() => hit.node.scrollIntoView({ block: "center" }), 0);
      });
      item.append(link);
      found.append(item);
    }
    if (hits.length === 0) {
      const item = document.createElement("li");
      item.textContent = "Nothing is called that.";
      found.append(item);
    }
  };
  find.addEventListener("input", show);
  find.addEventListener("keydown", (event) => { if (event.key === "Escape") { find.value = ""; show(); } });

  // save and copy an artefact; the text is the page's own
  document.querySelectorAll("#artefacts figure").forEach((figure) => {
    const text = () => figure.querySelector("pre").textContent;
    const file = figure.querySelector(".archnb-filename");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Save " + (file ? file.textContent.trim() : "as text");
    button.addEventListener("click", () => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text()], { type: "text/plain" }));
      link.download = file ? file.textContent.trim() : "artefact.txt";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
    figure.querySelector("figcaption").append(button);
  });

  // on paper everything is open
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("main details:not([open])")).filter((box) => !box.closest("#artefacts"));
    opened.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => { opened.forEach((box) => { box.open = false; }); opened = []; });

  // a narrow screen starts with the contents folded
  if (matchMedia("(max-width: 900px)").matches) document.querySelector(".toc-box").open = false;
})();
