/**
 * Signing in on site: the position once, when it is asked for, with its accuracy and the time.
 *
 * Elements, in a form: #sign-in (hidden without scripts), #sign-in-words (status), inputs #id_at, #id_lat, #id_lon, #id_accuracy.
 */
import { distanceWords, metresBetween } from "./geo";
import { coordinate, currentPosition } from "./place-words";

const NEAR = 300; // metres

function input(name: string): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>(`#id_${name}`);
}

/** site: lon and lat of the topic, when it is known here. done: told when there is a position; failed: when there is none. */
export function connectSignIn(site: () => [number, number] | null, done: () => void, failed: () => void): void {
  const button = document.querySelector<HTMLButtonElement>("#sign-in");
  const words = document.querySelector<HTMLElement>("#sign-in-words");
  if (!button || !words) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    words.textContent = "正在定位…";
    button.disabled = true;
    try {
      const at = await currentPosition();
      write("lat", coordinate(at.lat));
      write("lon", coordinate(at.lon));
      write("accuracy", String(Math.round(at.accuracy)));
      write("at", new Date().toISOString());
      input("at")?.dispatchEvent(new Event("input", { bubbles: true }));
      showSignIn(site());
      done();
    } catch (error) {
      words.textContent = `${(error as Error).message.split("。")[0]}。可以再试，或在下面写明没有定位的原因。`;
      failed();
    } finally {
      button.disabled = false;
    }
  });
}

/** What the fields say, in words. */
export function showSignIn(site: [number, number] | null): void {
  const words = document.querySelector<HTMLElement>("#sign-in-words");
  const [at, lat, lon, accuracy] = ["at", "lat", "lon", "accuracy"].map((name) => input(name)?.value ?? "");
  if (!words || !at || !lat || !lon) return;
  const time = new Date(at);
  const clock = `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
  const away = site ? metresBetween([Number(lon), Number(lat)], site) : null;
  const where = away === null ? "位置已取到" : away <= NEAR ? "在现场附近" : `离现场中心约 ${distanceWords(away)}，可以照常提交，会记下这个距离`;
  words.textContent = `${clock} 已签到，${where}（定位误差约 ${distanceWords(Number(accuracy))}）。`;
  const button = document.querySelector("#sign-in");
  if (button) button.lastChild!.textContent = "重新签到";
}

function write(name: string, value: string): void {
  const field = input(name);
  if (field) field.value = value;
}
