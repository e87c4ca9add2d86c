// The line that says how the page stands with the server.

import { byId, element } from "./dom.js";

export function showConnection(name, strings) {
  const shown = byId("connection");
  shown.dataset.state = name;
  const back = `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
  shown.replaceChildren(element("span", {}, strings[name]),
    ...(name === "signed_out" ? [element("a", { href: back }, strings.sign_in_again)] : []));
}
