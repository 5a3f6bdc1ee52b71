"use strict";

function browserState() {
  const name = "BROWSER_STATE_COOKIE=";
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(name));
  return found ? found.slice(name.length) : "";
}

// The message is the client_id, a space and the session_state: a hash, a dot and the salt.
async function check(message, origin) {
  const parts = /^(.{1,255}) ([\w-]{43})\.([\w-]{1,100})$/.exec(message);
  if (!parts || !crypto.subtle) return "error";
  const [, client, hash, salt] = parts;
  const text = new TextEncoder().encode([client, origin, browserState(), salt].join(" "));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  const encoded = btoa(String.fromCharCode(...digest)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return encoded === hash ? "unchanged" : "changed";
}

addEventListener("message", async (event) => {
  if (!event.source || event.origin === "null") return;
  event.source.postMessage(await check(event.data, event.origin), event.origin);
});
