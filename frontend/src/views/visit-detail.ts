/**
 * One visit: signing in on site, adding photos, and a map of the site and of where people signed in.
 *
 * Elements: #sign-in-form with #sign-in (sign-in.ts) and #no-position; #visit-map; [data-photos]. JSON "visit-data":
 * {site: [lon, lat], name, signed: [{lon, lat, accuracy, name}]}.
 */
import { pageData } from "../data";
import { circle, collection, pointFeature } from "../geo";
import { showSettlements } from "../layers/areas";
import { showPlaces, symbolKey } from "../layers/places";
import { openMap } from "../map";
import { connectPhotos } from "../photos";
import { connectSignIn } from "../sign-in";

interface VisitData {
  site: [number, number];
  name: string;
  signed: { lon: number; lat: number; accuracy: number | null; name: string }[];
}

async function showMap(element: HTMLElement, data: VisitData): Promise<void> {
  const site = collection([pointFeature(...data.site, { kind: "project", name: data.name })]);
  const people = collection(data.signed.map((each) => pointFeature(each.lon, each.lat, { kind: "visit", name: `${each.name}签到处` })));
  const around = circle(...data.site, 300);
  const map = await openMap(element, { fit: collection([around, ...people.features]) });
  if (!map) return;
  showSettlements(map);
  showPlaces(map, "people", people);
  showPlaces(map, "site", site);
  symbolKey(element.parentElement, site, people);
  map.onFeature(["people", "site"], {
    hover: (hit) => map.showTip(hit?.at ?? null, hit ? [String(hit.properties.name ?? "")] : []),
  });
}

const data = pageData<VisitData>("visit-data");
const element = document.querySelector<HTMLElement>("#visit-map");
if (element && data) void showMap(element, data);
connectPhotos();
const form = document.querySelector<HTMLFormElement>("#sign-in-form");
const folded = document.querySelector<HTMLDetailsElement>("#no-position");
connectSignIn(
  () => data?.site ?? null,
  () => form?.submit(),
  () => {
    if (folded) folded.open = true;
  },
);
