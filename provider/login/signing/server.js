// Asks the server of the page, and nobody else.

import { Buffer } from "buffer";

// ask returns the body of an answer. It throws where there is none.
export async function ask(address, options) {
  const response = await fetch(address, { credentials: "same-origin", redirect: "error", ...options });
  if (!response.ok) {
    throw new Error(`${response.status}`);
  }
  return Buffer.from(await response.arrayBuffer());
}
