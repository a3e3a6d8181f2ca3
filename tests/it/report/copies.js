"use strict";
// Presses every button that copies, and leaves what was copied at the end of the document for the test to read.
(async () => {
  const copied = [];
  Object.defineProperty(navigator, "clipboard", { value: { writeText: async (text) => copied.push(text) } });
  for (const button of document.querySelectorAll("button.copy")) {
    button.click();
    await null;
  }
  const out = document.createElement("pre");
  out.id = "copied";
  out.textContent = JSON.stringify(copied);
  document.body.append(out);
})();
