// Signs in the signature page. The key file, its password and the certificate are read here and stay here: their fields
// are in a form that is never sent, and have no names. What is sent is the signed file, by the form that takes one
// which was signed elsewhere. The page asks its own server for certificates of authorities and, by way of it, services
// of authorities, where the server has them.

import { Authorities, withoutRoots } from "./authorities.js";
import { choose, hasCertificate, openKeyFile, readCertificate, sign, SigningProblem } from "./key.js";
import { awaitLibrary, signWithLibrary } from "./library.js";
import { ask } from "./server.js";
import { Services } from "./services.js";

const largestFile = 1 << 20;

const element = (id) => document.getElementById(id);
const signing = element("signing");
const problem = element("signing-problem");
const keyFile = element("signing-key");
const password = element("signing-password");
const certificates = element("signing-certificates");
const certificatePart = element("signing-certificate-part");
const button = element("signing-submit");

// What each problem is about; where it is none of these, the person can sign elsewhere.
const fields = {
  keyFile,
  password,
  certificateFile: certificates,
  certificateMissing: certificates,
  certificateForeign: certificates,
  certificateUsage: certificates,
  certificateExpired: certificates,
  certificateAuthority: certificates,
  certificateRevoked: keyFile,
  library: keyFile,
};

async function read(file, name) {
  if (file.size > largestFile) {
    throw new SigningProblem(name);
  }
  return new Uint8Array(await file.arrayBuffer());
}

const readCertificateFiles = () =>
  Promise.all(Array.from(certificates.files, (file) => read(file, "certificateFile")));

async function readChosenCertificates() {
  const chosen = (await readCertificateFiles()).map(readCertificate);
  if (chosen.includes(null)) {
    throw new SigningProblem("certificateFile");
  }
  return chosen;
}

const library = "library" in signing.dataset ? awaitLibrary() : null;

const services = signing.dataset.proxy
  ? new Services(signing.dataset.proxy, signing.dataset.finders.split(" ").filter(Boolean))
  : null;

// signContent takes a second or more, most of it for the password, during which the page does not answer.
async function signContent() {
  if (keyFile.files.length === 0) {
    throw new SigningProblem("keyFile");
  }
  const bytes = await read(keyFile.files[0], "keyFile");
  if (library) {
    return signByLibrary(bytes);
  }
  const chosen = await readChosenCertificates();
  const now = Date.now();
  const opened = openKeyFile(bytes, password.value);
  if (services && chosen.length === 0 && !hasCertificate(opened)) {
    opened.certificates.push(...(await services.certificatesOf(opened.keys)));
  }
  const pair = choose(opened, chosen, now);
  const chain = await authoritiesOf(pair.certificate);
  if (await services?.isRevoked(pair.certificate, chain[0])) {
    throw new SigningProblem("certificateRevoked");
  }
  const message = sign(contentToSign(), pair, withoutRoots(chain), now);
  message.addSignatureToken(await services?.stampOf(pair.certificate, message.signature));
  return message.as_asn1();
}

async function signByLibrary(bytes) {
  const { authorities, proxy = "", finders = "" } = signing.dataset;
  return signWithLibrary(await library, {
    bytes,
    password: password.value,
    certificates: await readCertificateFiles(),
    content: contentToSign(),
    authorities: authorities ? await ask(authorities) : new Uint8Array(),
    proxy,
    finder: finders.split(" ")[0],
  });
}

const contentToSign = () => new TextEncoder().encode(element("signature-content").value);

// authoritiesOf returns the certificates above one, where the operator says who issues certificates.
async function authoritiesOf(certificate) {
  const address = signing.dataset.authorities;
  return address ? new Authorities(await ask(address)).chainOf(certificate) : [];
}

function send(signed) {
  const files = new DataTransfer();
  files.items.add(new File([signed], "sign-in.p7s", { type: "application/pkcs7-mime" }));
  element("signature").files = files.files;
  signing.reset();
  element("signature-form").requestSubmit();
}

function show(error) {
  const field = fields[error.name];
  problem.textContent = problem.dataset[field ? error.name : "failed"];
  if (error.name === "library") {
    problem.textContent += ` ${error.cause?.message ?? error.cause}`;
  }
  problem.hidden = false;
  if (field === certificates) {
    certificatePart.hidden = false;
  }
  if (!field) {
    element("signature-elsewhere-part").open = true;
  }
  (field ?? element("signature-elsewhere")).focus();
  field?.setAttribute("aria-invalid", "true");
}

function setBusy(busy) {
  button.disabled = busy;
  signing.setAttribute("aria-busy", String(busy));
  element("signing-busy").hidden = !busy;
}

// painted resolves once the browser has shown what the page is about to do.
const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

signing.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  for (const field of [keyFile, password, certificates]) {
    field.removeAttribute("aria-invalid");
  }
  setBusy(true);
  await painted();
  try {
    send(await signContent());
  } catch (error) {
    setBusy(false);
    show(error);
  }
});

certificatePart.hidden = !library; // which the library says it misses in words of its own
signing.hidden = false;
element("signature-elsewhere-part").open = false;
