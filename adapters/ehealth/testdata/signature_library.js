// Has the calls of the library that docs/signature-library.md lists, and no others. It signs nothing: what it makes of
// content is the content, for a signature service that believes it.
function EUSignCP() {
  const calls = [];
  const settings = (names) => Object.fromEntries(names.map((name) => [name, (value) => calls.push(`${name} ${value}`)]));
  const kinds = {
    FileStore: ["SetPath", "SetSaveLoadedCerts"],
    Mode: ["SetOfflineMode"],
    Proxy: [],
    LDAP: [],
    TSP: ["SetGetStamps"],
    OCSP: ["SetUseOCSP", "SetBeforeStore"],
    OCSPAccessInfoMode: ["SetEnabled"],
    CMP: ["SetUseCMP", "SetAddress", "SetPort"],
  };
  let proxy = "";
  let ready = false;
  let key = null;
  const library = {
    IsInitialized: () => ready,
    Initialize: () => {
      ready = true;
      calls.push("Initialize");
    },
    SetJavaStringCompliant: (value) => calls.push(`SetJavaStringCompliant ${value}`),
    SetCharset: (name) => calls.push(`SetCharset ${name}`),
    SetXMLHTTPProxyService: (address) => {
      proxy = address;
      calls.push("SetXMLHTTPProxyService");
    },
    SaveCertificate: (certificate) => calls.push(`SaveCertificate ${certificate.length}`),
    ReadPrivateKeyBinary: (bytes, password) => {
      calls.push(`ReadPrivateKeyBinary ${bytes.length}`);
      if (password !== "password") {
        throw { errorCode: 24, message: "Пароль невірний" };
      }
      key = bytes;
      if (proxy) {
        ask("SERVICE/cmp", "QUESTION");
      }
    },
    SignDataInternal: (withCertificate, content, asText) => {
      calls.push(`SignDataInternal ${withCertificate} ${asText}`);
      const signed = { content: new TextDecoder().decode(content), calls, key: key.length };
      return new TextEncoder().encode(JSON.stringify(signed));
    },
    ResetPrivateKey: () => {
      key = null;
    },
  };
  // ask waits, as the library does, and speaks base64.
  function ask(address, question) {
    const request = new XMLHttpRequest();
    request.open("POST", `${proxy}?address=${encodeURIComponent(address)}`, false);
    request.setRequestHeader("Content-Type", "X-user/base64-data");
    request.send(question);
    calls.push(`answer ${request.status} ${request.getResponseHeader("Content-Type")} ${atob(request.responseText).length}`);
  }
  for (const [kind, names] of Object.entries(kinds)) {
    library[`Create${kind}Settings`] = () => settings(names);
    library[`Set${kind}Settings`] = () => calls.push(`Set${kind}Settings`);
  }
  return library;
}
EUSignCPModuleLoaded();
setTimeout(() => EUSignCPModuleInitialized(true));
