"use strict";
// Opens everything and says in the title what is wider than the window, or runs out of its own box.
(() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const wide = document.documentElement.clientWidth;
  const faults = [];
  if (document.documentElement.scrollWidth > wide) faults.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${wide}`);
  for (const element of document.querySelectorAll("body *")) {
    if (faults.length > 5 || element.closest(".scroll, svg, datalist, select, .skip")) continue;
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > wide + 1 || box.left < -1)) {
      faults.push(`${element.tagName}.${element.className} from ${Math.round(box.left)} to ${Math.round(box.right)}: ${element.textContent.slice(0, 60)}`);
    }
  }
  document.title = faults.length ? faults.join("; ") : "everything has its place";
})();
