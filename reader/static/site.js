// What a page can do besides, where scripts run; without them it is whole as well.
"use strict";

function keepReadingSettings() {
  const root = document.documentElement;
  for (const radio of document.querySelectorAll(".aa input")) {
    radio.checked = radio.id === (root.dataset[radio.name] ?? "");
    radio.addEventListener("change", () => {
      if (radio.id) root.dataset[radio.name] = radio.id;
      else delete root.dataset[radio.name];
      try {
        if (radio.id) localStorage.setItem("reading-" + radio.name, radio.id);
        else localStorage.removeItem("reading-" + radio.name);
      } catch {
        // Kept for this page only.
      }
    });
  }
}

function offerToCopy() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const label = button.querySelector("span");
    if (!field) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      field.select();
      try {
        await navigator.clipboard.writeText(field.value);
        label.textContent = "Copied";
      } catch {
        label.textContent = "Press Ctrl+C";
      }
      button.nextElementSibling.textContent = label.textContent;
    });
  }
}

function offerToShare() {
  if (!navigator.share) return;
  for (const button of document.querySelectorAll("button[data-share]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      navigator.share({ title: button.dataset.title, url: button.dataset.share }).catch(() => {});
    });
  }
}

keepReadingSettings();
offerToCopy();
offerToShare();
