// What every page of the operators has: the menu with one's name, whose switch of the language leads
// back to where one is now.

for (const form of document.querySelectorAll(".languages")) {
  form.addEventListener("submit", () => {
    form.elements.next.value = location.pathname + location.search;
  });
}

const account = document.getElementById("account");
document.addEventListener("click", (event) => {
  if (!account.contains(event.target)) account.open = false;
});
account.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !account.open) return;
  event.stopPropagation();
  account.open = false;
  account.querySelector("summary").focus();
});
