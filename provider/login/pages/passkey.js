// Asks an authenticator what the form "passkey" says, and sends the form with its answer (WebAuthn Level 3).
"use strict";
(() => {
  const form = document.getElementById("passkey");
  if (!form || !window.PublicKeyCredential) return;
  const problem = document.getElementById("passkey-problem");
  const button = document.getElementById("passkey-submit");

  const decode = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const encode = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  const publicKey = JSON.parse(form.dataset.options);
  publicKey.challenge = decode(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = decode(publicKey.user.id);
  for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials])
    for (const credential of list || []) credential.id = decode(credential.id);

  const send = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[name]) response[name] = encode(credential.response[name]);
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    form.elements.credential.value = JSON.stringify({
      id: credential.id, rawId: encode(credential.rawId), type: credential.type, clientExtensionResults: {}, response,
    });
    form.submit();
  };
  const refuse = (error) => {
    button.disabled = false;
    const words = { NotAllowedError: form.dataset.cancelled, InvalidStateError: form.dataset.known };
    problem.textContent = words[error.name] || form.dataset.failed;
    problem.hidden = false;
  };

  // What the browser offers beside saved passwords, until the button is pressed: one request at a time is allowed.
  const offer = new AbortController();
  let offered = Promise.resolve();
  const offerBesidePasswords = async () => {
    if (!PublicKeyCredential.isConditionalMediationAvailable) return;
    if (!await PublicKeyCredential.isConditionalMediationAvailable() || offer.signal.aborted) return;
    send(await navigator.credentials.get({ publicKey, mediation: "conditional", signal: offer.signal }));
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    offer.abort();
    await offered;
    navigator.credentials[form.dataset.ceremony]({ publicKey }).then(send).catch(refuse);
  });
  form.hidden = false;
  const unsupported = document.getElementById("passkey-unsupported");
  if (unsupported) unsupported.hidden = true;
  if ("offer" in form.dataset) offered = offerBesidePasswords().catch(() => {});
})();
