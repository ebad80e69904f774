// The menu of a row: one for all rows, opened beside the button that was pressed.

const menu = document.getElementById("menu");
let row;

/** Open the menu of a file's row. */
export function openMenu(button, file) {
  row = file;
  document.getElementById("menu-name").textContent = row.dataset.name;
  document.getElementById("menu-type").textContent = row.dataset.type;
  menu.setAttribute("aria-label", button.getAttribute("aria-label"));
  menu.showPopover();
  const place = button.getBoundingClientRect();
  const fits = place.bottom + menu.offsetHeight < innerHeight;
  menu.style.left = `${Math.max(8, place.right - menu.offsetWidth)}px`;
  menu.style.top = `${scrollY + Math.max(8, fits ? place.bottom : place.top - menu.offsetHeight)}px`; // it scrolls along
  menu.querySelector("button").focus({ preventScroll: true });
}

/** The row that a control is about: the one around it, or the one whose menu it is in. */
export function rowOf(control) {
  return menu.contains(control) ? row : control.closest("tr[data-url]");
}

/** Close the menu; what had the focus before it gets it back. */
export function closeMenu() {
  menu.hidePopover();
}

menu.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (!step) return;
  event.preventDefault();
  const items = [...menu.querySelectorAll("button")];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
});
