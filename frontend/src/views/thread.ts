/** 代表—政府部门在线: photos on its form, on a page of its own or loaded beside a case. */
import { connectPhotos } from "../photos";

connectPhotos();
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target instanceof HTMLElement) connectPhotos(event.target);
});
