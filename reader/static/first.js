// Before anything is drawn: the reading settings this browser keeps. Nothing of them leaves it.
try {
  for (const name of ["theme", "type", "size"]) {
    const value = localStorage.getItem("reading-" + name);
    if (/^(?:light|dark|sepia|sans|small|large)$/.test(value)) document.documentElement.dataset[name] = value;
  }
} catch {
  // No storage here: the settings hold for the page, as they do without scripts.
}
