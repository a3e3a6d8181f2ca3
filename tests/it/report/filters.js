"use strict";
// Uses the page as its reader does and says in the title whether what is left is what was asked for.
(() => {
  const form = document.getElementById("controls");
  const findings = [...document.querySelectorAll("details.finding")].map((element) => {
    const group = element.closest("section.group");
    const around = [...group.children].filter((child) => !child.matches(".finding"));
    const text = [...around, element].map((part) => part.textContent).join(" ").toLowerCase().replace(/\s+/g, " ");
    return {
      element, text, severity: group.dataset.severity, outcome: element.dataset.outcome, pack: group.dataset.pack,
      frameworks: group.dataset.frameworks.split("\n").filter(Boolean), person: (element.dataset.person || "").toLowerCase(),
    };
  });
  const faults = [];

  const named = ["q", "pack", "framework", "person"];

  function ask({ severity = "", outcome = "", ...rest }) {
    for (const name of named) if (form.elements[name]) form.elements[name].value = rest[name] || "";
    for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = [severity, outcome].includes(box.value);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function expect(choice, fits) {
    ask(choice);
    const wrong = findings.filter((finding) => finding.element.checkVisibility() !== fits(finding)).length;
    const wanted = findings.filter(fits).length;
    const said = document.getElementById("shown").textContent;
    if (wrong) faults.push(`${JSON.stringify(choice)}: ${wrong} wrongly shown or hidden`);
    if (!said.includes(String(wanted))) faults.push(`${JSON.stringify(choice)}: says ${said}, not ${wanted}`);
    const address = new URLSearchParams(location.hash.slice(1));
    for (const name of [...named, "severity", "outcome"]) {
      if ((address.get(name) || "") !== (choice[name] || "")) faults.push(`${name} in the address: ${location.hash}`);
    }
  }

  expect({}, () => true);
  for (const severity of new Set(findings.map((finding) => finding.severity))) {
    expect({ severity }, (finding) => finding.severity === severity);
  }
  for (const outcome of ["fail", "unknown"]) expect({ outcome }, (finding) => finding.outcome === outcome);
  for (const name of ["pack", "framework"]) {
    for (const option of form.elements[name] ? form.elements[name].options : []) {
      if (option.value) expect({ [name]: option.value }, (finding) => [finding.pack, ...finding.frameworks].includes(option.value));
    }
  }
  const someone = findings.find((finding) => finding.person);
  if (form.elements.person && someone) {
    expect({ person: someone.person.trim() }, (finding) => finding.person.includes(someone.person.trim()));
  }
  const first = findings[0];
  const word = first.element.textContent.trim().toLowerCase().split(/\s+/)[1];
  expect({ q: word }, (finding) => finding.text.includes(word));
  expect({ q: word, severity: first.severity }, (finding) => finding.text.includes(word) && finding.severity === first.severity);
  expect({ q: "∅nosuchword" }, () => false);
  expect({}, () => true);
  document.title = faults.length ? faults.join("; ") : `filters hold for ${findings.length}`;
})();
