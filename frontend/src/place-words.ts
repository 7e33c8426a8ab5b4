/** Positions as they are sent, and the browser's own position with Chinese reasons when it gives none. */

/** Six decimals: 0.1 m, and addresses stay short. */
export function coordinate(value: number): string {
  return value.toFixed(6);
}

export function findUrl(base: string, lon: number, lat: number, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ lat: coordinate(lat), lon: coordinate(lon), ...more });
  return `${base}?${query}`;
}

export interface Position {
  lon: number;
  lat: number;
  accuracy: number;
}

/** Where the browser says we are. Rejects with an Error whose message says what to do instead. */
export function currentPosition(): Promise<Position> {
  return new Promise((resolve, reject) => {
    if (!("geolocation" in navigator) || !window.isSecureContext) {
      reject(new Error("这个浏览器不能定位，请输入地址，或在地图上点一下。"));
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy }),
      (error) => reject(new Error(positionError(error.code))),
      { enableHighAccuracy: true, timeout: 12_000, maximumAge: 30_000 },
    );
  });
}

/** GeolocationPositionError.code in words. */
export function positionError(code: number): string {
  if (code === 1) return "没有得到定位许可。可以在浏览器设置里打开，或者输入地址、在地图上点一下。";
  if (code === 3) return "定位等得太久了。请到开阔处再试，或者输入地址、在地图上点一下。";
  return "现在定不了位。请输入地址，或在地图上点一下。";
}
