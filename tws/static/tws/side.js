// On a phone, and at 200 %, the list of conversations lies over the conversation while it is open:
// the focus goes into it, and with the focus it goes.

export function openSide(side, toggle) {
  const show = (isShown) => {
    side.classList.toggle("shown", isShown);
    toggle.setAttribute("aria-expanded", String(isShown));
  };
  toggle.addEventListener("click", () => {
    show(!side.classList.contains("shown"));
    if (side.classList.contains("shown")) side.querySelector("a").focus();
  });
  side.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !side.classList.contains("shown")) return;
    event.stopPropagation(); // it stops no answer
    show(false);
    toggle.focus();
  });
  side.addEventListener("focusout", ({ relatedTarget: next }) => {
    if (next && next !== toggle && !side.contains(next)) show(false);
  });
}
