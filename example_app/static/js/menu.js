// A row's menu. All rows share it; it opens beside the button that was pressed.

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
  menu.style.top = `${scrollY + Math.max(8, fits ? place.bottom : place.top - menu.offsetHeight)}px`; // so it scrolls along
  menu.querySelector("button").focus({ preventScroll: true });
}

/** The row of a control: the row around it or, for a control in the menu, the row whose menu is open. */
export function rowOf(control) {
  return menu.contains(control) ? row : control.closest("tr[data-url]");
}

/** Close the menu, and give the focus back to where it was. */
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
