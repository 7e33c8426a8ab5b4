/** The only place that fetches. JSON in and out, Django's CSRF token, errors as sentences that can be shown. */

/** A failed request. `message` is Chinese and says what to do; `fields` holds a form's errors by field name. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: Record<string, string[]> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  body?: unknown;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** The token Django set as a cookie, or the one in a form on the page; empty when the page has neither. */
export function csrfToken(): string {
  return cookieToken() || (document.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "");
}

function cookieToken(): string {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : "";
}

/** Fetches JSON from our own server. Throws ApiError; an abort by the caller passes through as AbortError. */
export async function request<T>(url: string, options: RequestOptions = {}): Promise<T> {
  const { method = "GET", body, signal, timeoutMs = 20_000 } = options;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  const stop = new AbortController();
  const deadline = setTimeout(() => stop.abort(), timeoutMs);
  const pass = () => stop.abort();
  signal?.addEventListener("abort", pass);
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: stop.signal,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, stop.signal.aborted ? "等得太久了，请稍后再试。" : "没有连上服务器，请检查网络后再试。");
  } finally {
    clearTimeout(deadline);
    signal?.removeEventListener("abort", pass);
  }
  if (response.status === 204) return undefined as T;
  const payload = await readJson(response);
  if (!response.ok) throw errorFrom(response.status, payload);
  if (payload === undefined) throw new ApiError(response.status, "服务器的回答读不懂，请刷新页面后再试。");
  return payload as T;
}

/** Fetches bytes from our own server, for what would be too much as JSON; with a form's values when it depends on them. Throws ApiError. */
export async function bytes(url: string, form?: FormData): Promise<ArrayBuffer> {
  const asked = form ? { method: "POST", body: form, headers: { "X-CSRFToken": csrfToken() } } : {};
  const response = await fetch(url, { credentials: "same-origin", ...asked }).catch(() => {
    throw new ApiError(0, "没有连上服务器，请检查网络后再试。");
  });
  if (!response.ok) throw errorFrom(response.status, await readJson(response));
  return response.arrayBuffer();
}

export interface FormAnswer {
  status: number;
  /** Path of the page that the form led to; empty when it did not lead on. */
  led: string;
  html: string;
}

/**
 * Sends a form's values as the browser would, and follows where it leads. Throws ApiError (status 0) when no answer came.
 * A token that was lost with its cookie, or is too old, is fetched anew: the form may have come from where there was no network.
 */
export async function postForm(url: string, fields: Record<string, string>, timeoutMs = 30_000, files: { field: string; file: File }[] = []): Promise<FormAnswer> {
  const renew = () => page(url, {}, timeoutMs);
  const body = () => (files.length ? withFiles(fields, files) : new URLSearchParams(fields));
  const send = () => page(url, { method: "POST", headers: { "X-CSRFToken": csrfToken() }, body: body() }, timeoutMs);
  if (!cookieToken()) await renew();
  const answer = await send();
  if (answer.status !== 403) return answer;
  await renew();
  return send();
}

function withFiles(fields: Record<string, string>, files: { field: string; file: File }[]): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const { field, file } of files) form.append(field, file, file.name);
  return form;
}

async function page(url: string, init: RequestInit, timeoutMs: number): Promise<FormAnswer> {
  const stop = new AbortController();
  const deadline = setTimeout(() => stop.abort(), timeoutMs);
  try {
    const response = await fetch(url, { ...init, credentials: "same-origin", signal: stop.signal });
    return { status: response.status, led: response.redirected ? new URL(response.url).pathname : "", html: await response.text() };
  } catch {
    throw new ApiError(0, stop.signal.aborted ? "等得太久了。" : "现在没有网络。");
  } finally {
    clearTimeout(deadline);
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Our server answers {message, fields?}; django-ninja's own errors carry `detail`. Anything else gets words by status. */
export function errorFrom(status: number, payload: unknown): ApiError {
  const answer = (typeof payload === "object" && payload !== null ? payload : {}) as Record<string, unknown>;
  const said = [answer.message, answer.detail].find((text) => typeof text === "string" && text !== "");
  const fields = typeof answer.fields === "object" && answer.fields !== null ? answer.fields : {};
  return new ApiError(status, (said as string | undefined) ?? wordsFor(status), fields as Record<string, string[]>);
}

function wordsFor(status: number): string {
  if (status === 400 || status === 422) return "填写的内容有误，请检查后再试。";
  if (status === 401) return "登录已过期，请重新登录。";
  if (status === 403) return "没有权限，或页面放得太久。请刷新后再试。";
  if (status === 404) return "没有找到，可能已被移走。请刷新页面。";
  if (status === 409) return "别人刚刚改动了这一条，请刷新后再办理。";
  if (status === 413) return "文件太大，请缩小后再传。";
  if (status === 429) return "操作太频繁，请稍等一分钟再试。";
  if (status === 503) return "系统正在维护，请过几分钟再试。";
  return status >= 500 ? "系统出了点问题，请稍后再试。" : "这一步没有办成，请检查后再试。";
}
