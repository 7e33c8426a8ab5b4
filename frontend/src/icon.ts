/** One icon of the sprite, for elements made by scripts. Its address comes from <body data-icons>. */
const SVG = "http://www.w3.org/2000/svg";

export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.body.dataset.icons ?? "/static/icons.svg"}#${name}`);
  svg.append(use);
  return svg;
}
