// For site.css: mark the names in tables, and tell each cell its column, which is shown on a narrow screen.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("article table.docutils")) {
    const columns = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent.trim());
    for (const row of table.querySelectorAll("tbody tr")) {
      [...row.cells].forEach((cell, index) => { cell.dataset.column = columns[index] || ""; });
    }
    for (const code of table.querySelectorAll("code")) {
      code.classList.toggle("name", /^[^\s/]{1,40}$/.test(code.textContent));
    }
  }
});
