/** Findings: photos on the form of a finding, also when it was loaded beside the list. */
import { connectPhotos } from "../photos";

connectPhotos();
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target instanceof HTMLElement) connectPhotos(event.target);
});
