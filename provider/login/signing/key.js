// Opens key files and signs. Nothing here reads the page or sends anything.

import { Buffer } from "buffer";
import gost from "gost89/lib/compat.js";
import jksreader from "jksreader";
import { Certificate, Priv } from "jkurwa/lib/models/index.js";
import Message from "jkurwa/lib/models/Message.js";
import { enc_parse as parseIIT } from "jkurwa/lib/spec/keystore.js";
import { pbes2_parse as parsePBES2 } from "jkurwa/lib/spec/pbes.js";
import { certbags_from_asn1 as parseCertificateBags, pfx_parse as parsePFX } from "jkurwa/lib/spec/pfx.js";
import pem from "jkurwa/lib/util/pem.js";

const algorithms = gost.algos();

// Files are made with 10,000; a file that asks for more than this would keep the page busy for minutes.
const mostIterations = 100_000;

// SigningProblem is what a person can mend; its name is that of a text of the page.
export class SigningProblem extends Error {
  constructor(name, options) {
    super(name, options);
    this.name = name;
  }
}

// openKeyFile returns the private keys of a file and the certificates beside them. The file is Key-6.dat (in the form
// of IIT or PBES2), JKS or PFX. Problems: keyFile, password.
export function openKeyFile(bytes, password) {
  const file = pem.maybe_pem(Buffer.from(bytes));
  const store = attempt(() => jksreader.parse(file));
  return store ? openJKS(store, password) : openEncrypted(file, password);
}

function openJKS(store, password) {
  const opened = { keys: [], certificates: [] };
  for (const entry of store.material) {
    const key = attempt(() => jksreader.decode(entry.key, password));
    if (!key) {
      throw new SigningProblem("password");
    }
    // A store may also have keys of other kinds.
    opened.keys.push(...(attempt(() => Priv.from_asn1(key, true).keys) ?? []));
    opened.certificates.push(...entry.certs.map(readCertificate).filter(Boolean));
  }
  if (opened.keys.length === 0) {
    throw new SigningProblem("keyFile");
  }
  return opened;
}

function openEncrypted(file, password) {
  const parts =
    attempt(() => parsePBES2(file)) ?? attempt(() => parsePFX(file)) ?? attempt(() => [parseIIT(file)]) ?? [];
  if (parts.length === 0 || parts.some((part) => part.iters > mostIterations)) {
    throw new SigningProblem("keyFile");
  }
  for (const secret of encodings(password)) {
    const opened = attempt(() => decrypt(parts, secret));
    if (opened) {
      return opened;
    }
  }
  throw new SigningProblem("password");
}

// decrypt throws for a wrong password: what it makes of the file then is no ASN.1.
function decrypt(parts, secret) {
  const opened = { keys: [], certificates: [] };
  for (const part of parts) {
    const content = algorithms.storeload(part, keyOfHMAC(part, secret));
    const keys = attempt(() => Priv.from_asn1(content, true).keys);
    if (keys) {
      opened.keys.push(...keys);
    } else {
      opened.certificates.push(...parseCertificateBags(content).map(readCertificate).filter(Boolean));
    }
  }
  if (opened.keys.length === 0) {
    throw new SigningProblem("keyFile");
  }
  return opened;
}

// keyOfHMAC hashes a password that is longer than a block of the hash, as RFC 2104 has it and the library has not.
function keyOfHMAC(part, secret) {
  return part.format === "PBES2" && secret.length > 32 ? algorithms.hash(secret) : secret;
}

// encodings are the bytes that a password may stand for: no format says which encoding programs use.
function encodings(password) {
  const utf8 = Buffer.from(password, "utf8");
  const windows = windows1251(password);
  return windows && !windows.equals(utf8) ? [utf8, windows] : [utf8];
}

function windows1251(text) {
  const table = new TextDecoder("windows-1251").decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  const bytes = Array.from(text, (character) => table.indexOf(character));
  return bytes.includes(-1) ? null : Buffer.from(bytes);
}

// readCertificate returns null for a file that is no certificate of a DSTU 4145 key.
export function readCertificate(bytes) {
  const certificate = attempt(() => Certificate.from_pem(Buffer.from(bytes)));
  return certificate?.pubkey ? certificate : null;
}

// choose returns the key to sign with, and its certificate: one of those that the person chose or else of the key file.
// Problems: certificateMissing, certificateForeign, certificateUsage, certificateExpired.
export function choose(opened, chosen, now) {
  const pairs = [...chosen, ...opened.certificates].flatMap((certificate) =>
    opened.keys.filter((key) => key.pub_match(certificate.pubkey)).map((key) => ({ key, certificate })),
  );
  if (pairs.length === 0) {
    throw new SigningProblem(chosen.length > 0 ? "certificateForeign" : "certificateMissing");
  }
  const signing = pairs.filter(({ certificate }) => !certificate.extension.keyUsage || certificate.canUseFor("sign"));
  if (signing.length === 0) {
    throw new SigningProblem("certificateUsage");
  }
  const current = signing.find(({ certificate }) => certificate.verifyTime(now));
  if (!current) {
    throw new SigningProblem("certificateExpired");
  }
  return current;
}

// hasCertificate says whether a certificate that came with the keys is of one of them.
export const hasCertificate = ({ keys, certificates }) =>
  certificates.some((certificate) => keys.some((key) => key.pub_match(certificate.pubkey)));

// sign returns CMS SignedData (CAdES-BES) with the content inside, the certificate, and those of its authorities.
export function sign(content, { key, certificate }, authorities, now) {
  const message = new Message({
    type: "signedData",
    data: Buffer.from(content),
    cert: certificate,
    signer: key,
    hash: algorithms.hash,
    signTime: Math.floor(now / 1000),
  });
  message.info.certificate.push(...authorities.map(({ ob }) => ob));
  return message;
}

// attempt returns what an action does, or undefined where it throws.
export function attempt(action) {
  try {
    return action();
  } catch {
    return undefined;
  }
}
