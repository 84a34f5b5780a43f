for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => {
  const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
  const at = [...head.parentNode.children].indexOf(head), sorted = head.getAttribute("aria-sort");
  // What is largest first, names from A: a second click turns either round.
  const down = sorted ? sorted === "ascending" : head.classList.contains("number");
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = row => {
    const cell = row.children[at], number = cell.dataset.number;
    return number === undefined ? cell.textContent.trim() : parseFloat(number);
  };
  const order = (one, other) => {
    const a = value(one), b = value(other);
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === "number" || typeof b === "number") return typeof a === "number" ? 1 : -1;
    return a.localeCompare(b);
  };
  const rows = [...body.rows].sort(order);
  body.append(...(down ? rows.reverse() : rows));
});
