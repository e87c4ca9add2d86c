// Requests to our own REST API, with the page's CSRF token.

const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** The answer's JSON; an Error with the server's words, and its `status`, when it refuses. */
export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = new Error(typeof answer.detail === "string" ? answer.detail : response.statusText);
  throw Object.assign(error, { status: response.status });
}
