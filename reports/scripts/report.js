"use strict";
// Search, filters and copying. Without this script everything on the page can be read; it only hides what is not asked
// for and writes as text what stands there. The choice lives in the address, after the #, so that it can be passed on:
// #severity=critical&q=okta.
(() => {
  const form = document.getElementById("controls");
  const main = document.querySelector("main");
  const lists = ["severity", "outcome"];
  const names = ["q", "pack", "framework", "person"];
  document.documentElement.classList.add("scripted");

  // Findings -----------------------------------------------------------------------------------------------------

  const groups = [...document.querySelectorAll("section.group")].map((element) => ({
    element,
    severity: element.dataset.severity,
    pack: element.dataset.pack || "",
    frameworks: (element.dataset.frameworks || "").split("\n"),
    text: words([...element.querySelectorAll(":scope > :not(.finding)")]),
    findings: [...element.querySelectorAll(":scope > .finding")].map((finding) => ({
      element: finding,
      outcome: finding.dataset.outcome,
      person: (finding.dataset.person || "").toLowerCase(),
      text: words([finding]),
    })),
  }));
  const all = groups.reduce((sum, group) => sum + group.findings.length, 0);

  function words(elements) {
    return elements.map((element) => element.textContent).join(" ").toLowerCase().replace(/\s+/g, " ");
  }

  // The choice, from the address and from the form. In the address a place on the page may stand before it.
  const place = () => (/^[^=]*?(?=&|$)/.exec(location.hash.slice(1)) || [""])[0];

  function fromAddress() {
    const values = new URLSearchParams(location.hash.slice(1 + place().length));
    const choice = {};
    for (const name of names) choice[name] = values.get(name) || "";
    for (const name of lists) choice[name] = (values.get(name) || "").split(",").filter(Boolean);
    return choice;
  }

  function fromForm() {
    const values = new FormData(form);
    const choice = {};
    for (const name of names) choice[name] = values.get(name) || "";
    for (const name of lists) choice[name] = values.getAll(name);
    return choice;
  }

  function toForm(choice) {
    for (const name of names) if (form.elements[name]) form.elements[name].value = choice[name] || "";
    for (const box of form.querySelectorAll("input[type=checkbox]")) box.checked = (choice[box.name] || []).includes(box.value);
  }

  const isAny = (choice) => names.some((name) => choice[name]) || lists.some((name) => choice[name].length);

  function toAddress(choice, place = "") {
    const values = new URLSearchParams();
    for (const name of lists) if (choice[name].length) values.set(name, choice[name].join(","));
    for (const name of names) if (choice[name]) values.set(name, choice[name]);
    const fragment = [place, values.toString().replaceAll("%2C", ",")].filter(Boolean).join("&");
    try {
      history.replaceState(null, "", fragment ? "#" + fragment : location.pathname + location.search);
    } catch {
      // The preview of a mail program may forbid it; the filters work all the same.
    }
  }

  // Every word must occur, in the finding or in what stands above it. Returns how many findings are left.
  function apply(choice) {
    const asked = choice.q.toLowerCase().split(/\s+/).filter(Boolean);
    const person = choice.person.toLowerCase().trim();
    const allows = (list, value) => !list.length || list.includes(value);
    const any = isAny(choice);
    let count = 0;
    for (const group of groups) {
      const open = asked.filter((word) => !group.text.includes(word));
      const meant = allows(choice.severity, group.severity) && (!choice.pack || choice.pack === group.pack)
        && (!choice.framework || group.frameworks.includes(choice.framework));
      let left = 0;
      for (const finding of group.findings) {
        const fits = meant && allows(choice.outcome, finding.outcome) && finding.person.includes(person)
          && open.every((word) => finding.text.includes(word));
        finding.element.hidden = !fits;
        if (fits) left += 1;
      }
      group.element.hidden = left === 0 && any;
      count += left;
    }
    const shown = document.getElementById("shown");
    shown.textContent = shown.dataset.text.replace("#shown", count).replace("#all", all);
    document.getElementById("nothing").hidden = count > 0;
    return count;
  }

  // A link to something that is hidden or closed shows it.
  function reveal(place) {
    const target = document.getElementById(place);
    if (!target) return;
    if (form && target.closest("[hidden]")) {
      toForm({});
      apply(fromForm());
    }
    for (let at = target; at; at = at.parentElement) if (at instanceof HTMLDetailsElement) at.open = true;
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

  // What the form does not have is not asked for. A link on the page leads to its place and leaves the choice.
  function arrived() {
    const to = place();
    const choice = fromAddress();
    if (form && isAny(choice)) {
      toForm(choice);
      apply(fromForm());
    }
    reveal(to || (isAny(choice) ? "findings" : ""));
    if (form && to) toAddress(fromForm(), to);
  }

  // Copying ------------------------------------------------------------------------------------------------------

  const label = (name) => main.dataset[name];

  function line(text) {
    return text.replace(/\s+/g, " ").trim();
  }

  // A code span: nothing inside one is markup, whatever a tenant has called somebody.
  function span(text) {
    const runs = text.match(/`+/g) || [];
    const fence = "`".repeat(Math.max(0, ...runs.map((run) => run.length)) + 1);
    const space = runs.length ? " " : "";
    return text.trim() ? fence + space + text + space + fence : "—";
  }

  function escaped(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replace(/[\\`*_[\]|~$!#]/g, "\\$&");
  }

  // The words of an element, values as code spans, and without what only leads elsewhere.
  function inline(node) {
    if (node.nodeType === Node.TEXT_NODE) return escaped(node.data.replace(/\s+/g, " "));
    if (!(node instanceof HTMLElement) || node.matches("button, svg")) return "";
    if (node.matches("code, bdi")) return span(line(node.textContent));
    if (node.matches(".severity, .outcome")) return `**${escaped(line(node.textContent))}** `;
    // Two code spans that touch would be taken for one; what is a block of its own never touches its neighbour.
    const join = (text, next) => text + (text.endsWith("`") && next.startsWith("`") ? " " : "") + next;
    const text = [...node.childNodes].map(inline).reduce(join, "");
    return node.matches("dt, dd, li, dl, ul, p, div") ? ` ${text}${node.matches("dt") ? label("colon") : ""} ` : text;
  }

  const said = (element) => (element ? line(inline(element)) : "");
  const plain = (element) => (element ? line(element.textContent) : "");

  function steps(task) {
    const fix = document.getElementById(task.dataset.fix || "");
    return fix ? [...fix.querySelectorAll(".fix-steps > li")] : [];
  }

  const check = (task) => label("check").replace("#policy", task.dataset.policy);

  // A finding with its evidence: paragraphs, and lists as they are.
  function finding(element) {
    const out = [`- ${said(element.querySelector("summary"))}`];
    for (const part of element.querySelector(".evidence").children) {
      if (part.matches(".links")) continue;
      if (part.matches("ul")) for (const item of part.children) out.push(`    - ${said(item)}`);
      else out.push(`  - ${said(part)}`);
    }
    return out;
  }

  // A list of tasks, for one person or one team.
  function list(element) {
    const out = [`### ${said(element.querySelector("summary"))}`, ""];
    for (const task of element.querySelectorAll(".task")) {
      out.push(`- [ ] ${said(task.querySelector(".what, .title"))}`);
      for (const one of task.querySelectorAll(".concerned > li")) out.push(`  - ${said(one)}`);
      const who = task.querySelector(".who");
      if (who) out.push(`  - **${label("labelWho")}**${label("colon")}${said(who)}`);
      const todo = steps(task);
      if (todo.length) out.push(`  - **${label("labelFix")}**`);
      todo.forEach((step, at) => out.push(`    ${at + 1}. ${said(step)}`));
      out.push(`  - **${label("labelCheck")}**${label("colon")}${check(task)}`);
    }
    return out;
  }

  // A policy with the findings that are shown.
  function group(element) {
    const out = [`### ${said(element.querySelector("h3"))}`, ""];
    for (const part of element.querySelectorAll(":scope > .tally, :scope > .why")) out.push(said(part), "");
    [...element.querySelectorAll(".fix-steps > li")].forEach((step, at) => out.push(`${at + 1}. ${said(step)}`));
    out.push("");
    for (const one of element.querySelectorAll(":scope > .finding:not([hidden])")) out.push(...finding(one));
    return out;
  }

  // The text so that no spreadsheet computes it, even one that takes a line apart at each semicolon.
  function harmless(text) {
    let out = "";
    let begins = true;
    for (const character of text) {
      if (begins && "=+-@＝＋－＠".includes(character)) out += "'";
      begins = character === ";" || (begins && /[\s"]/.test(character));
      out += character;
    }
    return out;
  }

  const cell = (text) => `"${harmless(text).replaceAll('"', '""')}"`;

  // A row for each thing that is wrong: whom the list is for, what, who acts, what to do, how to check it.
  function table(element) {
    const owner = plain(element.querySelector("summary .name"));
    const rows = [["name", "severity", "message", "who", "fix", "check", "policy", "finding"]];
    for (const task of element.querySelectorAll(".task")) {
      const todo = steps(task).map((step, at, all) => (all.length > 1 ? `${at + 1}. ` : "") + plain(step)).join(" ");
      const items = task.querySelectorAll(".concerned > li");
      for (const item of items.length ? items : [task.querySelector(".what, .title")]) {
        const grade = plain(task.querySelector(".severity"));
        const message = plain(item);
        rows.push([owner, task.dataset.severity, message.startsWith(grade) ? message.slice(grade.length).trim() : message,
          plain(task.querySelector(".who")) || owner, todo, check(task), task.dataset.policy, task.dataset.finding || ""]);
      }
    }
    return rows.map((row) => row.map(cell).join(","));
  }

  function written(button) {
    const element = button.closest(".finding, .list, .group");
    if (button.dataset.as === "csv") return table(element);
    return element.matches(".list") ? list(element) : element.matches(".group") ? group(element) : finding(element);
  }

  async function copy(button) {
    const text = written(button).join("\n") + "\n";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Where the clipboard is refused, as in some previews, the selection can still be copied.
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = label("copied");
    setTimeout(() => { button.textContent = before; }, 1500);
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

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });
  addEventListener("hashchange", arrived);
  if (form) {
    form.hidden = false;
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed));
    document.getElementById("open-all").addEventListener("click", () => openAll(true));
    document.getElementById("close-all").addEventListener("click", () => openAll(false));
    apply(fromForm());
  }
  if (location.hash) arrived();
})();
