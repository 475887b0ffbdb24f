// Requests to the server, and what their responses mean for the desk.

const PATIENCE_MS = 20_000;

// Read the cookie each time: a new session has a new token.
const csrfToken = () => document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1] ?? "";

export function post(url, fields, { keepalive = false } = {}) {
  return fetch(url, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { "X-Fragment": "1", "X-CSRFToken": csrfToken() },
    redirect: "manual",
    keepalive,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

export function get(url) {
  return fetch(url, { headers: { "X-Fragment": "1" }, redirect: "manual" });
}

export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export const problemIn = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("[data-problem]");

// Sort the outcome of a request: accepted, refused for good, signed-out, offline, or to be sent again.
export async function verdict(request) {
  try {
    const response = await request;
    if (response.type === "opaqueredirect") return { kind: "signed-out" };
    const html = await response.text();
    if (response.ok) return { kind: "accepted", html };
    const code = problemIn(html)?.dataset.problem;
    if (response.status === 403 && (!code || code === "another_person")) return { kind: "signed-out" };
    if (response.status >= 500 || response.status === 429 || !code) return { kind: "again" };
    return { kind: "refused", html, code };
  } catch {
    return { kind: "offline" };
  }
}
