/* Keys pressed before the script of a page is there, which then acts on them. */
"use strict";
const early = [];
function keepEarly(e) {
  if (!e.ctrlKey && !e.metaKey && !e.altKey && [null, document.body].includes(document.activeElement)) early.push(e.key);
}
document.addEventListener("keydown", keepEarly);
