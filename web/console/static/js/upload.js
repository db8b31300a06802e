// Dropping a file, and the progress of its upload. Without this script the form works as any form does.
(() => {
  const form = document.querySelector("form[data-upload]");
  if (!form) return;
  const zone = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const shown = form.querySelector("[data-upload-progress]");

  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) zone.addEventListener(kind, () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
  });

  form.addEventListener("submit", (event) => {
    if (!input.files.length) return;
    event.preventDefault();
    const request = new XMLHttpRequest();
    const meter = shown.querySelector("progress");
    const words = shown.querySelector("[role=status]");
    shown.hidden = false;
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      const share = Math.round((step.loaded / step.total) * 100);
      meter.value = share;
      words.textContent = `${share} %`;
    });
    request.addEventListener("load", () => {
      if (request.responseURL && request.status < 300) window.location.assign(request.responseURL);
      else form.submit(); // the page that says what is wrong
    });
    request.addEventListener("error", () => form.submit());
    request.open("POST", form.action);
    request.send(new FormData(form));
  });
})();
