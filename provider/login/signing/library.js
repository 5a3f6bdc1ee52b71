// Signs with the library of IIT (EUSignCP), where the operator serves it in the place of the code in key.js. Its calls
// are those of docs/signature-library.md.

import { elements } from "./der.js";
import { SigningProblem } from "./key.js";

// awaitLibrary makes the functions that the library calls when it has loaded. It must come before the library does.
export function awaitLibrary() {
  const loaded = new Promise((resolve, reject) => {
    globalThis.EUSignCPModuleLoaded = () => {};
    globalThis.EUSignCPModuleInitialized = (isInitialized) =>
      isInitialized ? resolve(globalThis.EUSignCP()) : reject(new Error("the library did not start"));
  });
  loaded.catch(() => {}); // whoever signs is told
  return loaded;
}

// signWithLibrary returns the signed content. authorities are certificates in DER, one after the other; proxy is where
// the library may ask authorities, "" for nowhere, and finder the URL of a CMP service, "" for none. Problem: library,
// with what the library says.
export function signWithLibrary(library, { bytes, password, certificates, content, authorities, proxy, finder }) {
  try {
    configure(library, proxy, finder);
    for (const { bytes: authority } of elements(authorities)) {
      library.SaveCertificate(authority);
    }
    certificates.forEach((certificate) => library.SaveCertificate(certificate));
    library.ReadPrivateKeyBinary(bytes, password);
    return library.SignDataInternal(true, content, false);
  } catch (error) {
    throw new SigningProblem("library", { cause: error });
  } finally {
    library.ResetPrivateKey();
  }
}

function configure(library, proxy, finder) {
  const online = proxy !== "";
  if (!library.IsInitialized()) {
    library.Initialize();
  }
  library.SetJavaStringCompliant(true);
  library.SetCharset("UTF-8");
  if (online) {
    library.SetXMLHTTPProxyService(proxy);
  }
  set(library, "FileStore", (settings) => {
    settings.SetPath("");
    settings.SetSaveLoadedCerts(true);
  });
  set(library, "Mode", (settings) => settings.SetOfflineMode(!online));
  set(library, "Proxy", () => {});
  set(library, "LDAP", () => {});
  set(library, "TSP", (settings) => settings.SetGetStamps(online));
  set(library, "OCSP", (settings) => {
    settings.SetUseOCSP(online);
    settings.SetBeforeStore(true);
  });
  set(library, "OCSPAccessInfoMode", (settings) => settings.SetEnabled(online));
  set(library, "CMP", (settings) => {
    settings.SetUseCMP(finder !== "");
    if (finder !== "") {
      const { hostname, pathname, port } = new URL(finder);
      settings.SetAddress(hostname + pathname);
      settings.SetPort(port || "80");
    }
  });
}

function set(library, kind, change) {
  const settings = library[`Create${kind}Settings`]();
  change(settings);
  library[`Set${kind}Settings`](settings);
}
