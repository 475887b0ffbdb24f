// The notice at the top of a page, and what htmx requests report there.

const notice = document.getElementById("notice");

export function notify(text) {
  notice.querySelector("[data-text]").textContent = text;
  notice.hidden = false;
}

// The response to a failed request holds the reason in [data-problem].
document.addEventListener("htmx:responseError", (event) => {
  const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const problem = page.querySelector("[data-problem]");
  notify(problem?.textContent.trim() ?? "Something went wrong on our side. Nothing on this page is lost. Please try again.");
});

document.addEventListener("htmx:sendError", () => {
  notify("The server cannot be reached. Nothing on this page is lost. Please try again.");
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful) notice.hidden = true;
});
