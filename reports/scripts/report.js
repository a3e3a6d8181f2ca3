"use strict";
// Search and filters over the findings. Without this script everything on the page can be read; it only hides what is
// not asked for. The choice lives in the address, after the #, so that it can be passed on: #severity=critical&q=okta.
(() => {
  const form = document.getElementById("controls");
  if (!form) return;
  const shown = document.getElementById("shown");
  const nothing = document.getElementById("nothing");
  const groups = [...document.querySelectorAll("section.group")].map((element) => ({
    element,
    severity: element.dataset.severity,
    text: words([...element.querySelectorAll(":scope > :not(.finding)")]),
    findings: [...element.querySelectorAll(":scope > .finding")].map((finding) => ({
      element: finding,
      outcome: finding.dataset.outcome,
      text: words([finding]),
    })),
  }));
  const all = groups.reduce((sum, group) => sum + group.findings.length, 0);

  function words(elements) {
    return elements.map((element) => element.textContent).join(" ").toLowerCase().replace(/\s+/g, " ");
  }

  // The choice, from the address and from the form. An address without "=" is a place on the page, not a choice.
  function fromAddress() {
    const fragment = location.hash.slice(1);
    const values = new URLSearchParams(fragment.includes("=") ? fragment : "");
    const list = (name) => (values.get(name) || "").split(",").filter(Boolean);
    return { q: values.get("q") || "", severity: list("severity"), outcome: list("outcome") };
  }

  function fromForm() {
    const values = new FormData(form);
    return { q: values.get("q") || "", severity: values.getAll("severity"), outcome: values.getAll("outcome") };
  }

  function toForm(choice) {
    form.elements.q.value = choice.q;
    for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = choice[box.name].includes(box.value);
  }

  function toAddress(choice) {
    const values = new URLSearchParams();
    for (const name of ["severity", "outcome"]) if (choice[name].length) values.set(name, choice[name].join(","));
    if (choice.q) values.set("q", choice.q);
    const fragment = values.toString().replaceAll("%2C", ",");
    try {
      history.replaceState(null, "", fragment ? "#" + fragment : location.pathname + location.search);
    } catch {
      // The preview of a mail program may forbid it; the filters work all the same.
    }
  }

  // Every word must occur, in the finding or in what stands above it. Returns how many findings are left.
  function apply(choice) {
    const asked = choice.q.toLowerCase().split(/\s+/).filter(Boolean);
    const allows = (list, value) => !list.length || list.includes(value);
    let count = 0;
    for (const group of groups) {
      const open = asked.filter((word) => !group.text.includes(word));
      let left = 0;
      for (const finding of group.findings) {
        const fits = allows(choice.severity, group.severity) && allows(choice.outcome, finding.outcome)
          && open.every((word) => finding.text.includes(word));
        finding.element.hidden = !fits;
        if (fits) left += 1;
      }
      group.element.hidden = left === 0 && (asked.length > 0 || choice.severity.length > 0 || choice.outcome.length > 0);
      count += left;
    }
    shown.textContent = shown.dataset.text.replace("#shown", count).replace("#all", all);
    nothing.hidden = count > 0;
    return count;
  }

  // A link to something that is hidden or closed shows it.
  function reveal() {
    const target = document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.closest("[hidden]")) {
      toForm({ q: "", severity: [], outcome: [] });
      apply(fromForm());
    }
    if (target instanceof HTMLDetailsElement) target.open = true;
    target.scrollIntoView();
  }

  function openAll(open) {
    for (const group of groups) for (const finding of group.findings) if (!finding.element.hidden) finding.element.open = open;
  }

  function changed() {
    const choice = fromForm();
    apply(choice);
    toAddress(choice);
  }

  function arrived() {
    if (location.hash.includes("=")) {
      const choice = fromAddress();
      toForm(choice);
      apply(choice);
      document.getElementById("findings").scrollIntoView();
    } else {
      reveal();
    }
  }

  // Printing shows what is shown, opened; afterwards it is as it was.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const element of closed) element.open = true;
  });
  addEventListener("afterprint", () => {
    for (const element of closed) element.open = false;
  });

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  document.getElementById("open-all").addEventListener("click", () => openAll(true));
  document.getElementById("close-all").addEventListener("click", () => openAll(false));
  addEventListener("hashchange", arrived);
  apply(fromForm());
  if (location.hash) arrived();
})();
