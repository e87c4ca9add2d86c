// The theme that the user chose, for every page, before anything is drawn. The console keeps its own
// under the same name (unfold's switch): "light", "dark", or "auto" as the system has it.

const KEY = "adminTheme";

function chosenTheme() {
  try {
    const theme = JSON.parse(localStorage.getItem(KEY));
    return ["light", "dark"].includes(theme) ? theme : "auto";
  } catch {
    return "auto";
  }
}

function showTheme() {
  document.documentElement.dataset.theme = chosenTheme();
  for (const button of document.querySelectorAll("[data-choose-theme]")) {
    button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === chosenTheme()));
  }
}

showTheme();
addEventListener("storage", showTheme); // chosen in another page
addEventListener("DOMContentLoaded", () => {
  showTheme();
  for (const button of document.querySelectorAll("[data-choose-theme]")) {
    button.addEventListener("click", () => {
      localStorage.setItem(KEY, JSON.stringify(button.dataset.chooseTheme));
      showTheme();
    });
  }
});
