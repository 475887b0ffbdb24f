// How long the case has been in sight. A hidden tab does not count.

let seenMs = 0;
let since = document.hidden ? null : performance.now();

export function startTimer() {
  seenMs = 0;
  if (since !== null) since = performance.now();
}

export function activeMs() {
  return Math.round(seenMs + (since === null ? 0 : performance.now() - since));
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (since !== null) seenMs += performance.now() - since;
    since = null;
  } else {
    since = performance.now();
  }
});
