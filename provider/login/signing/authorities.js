// The authorities that the operator recognizes, and who of them issued a certificate.

import gost from "gost89/lib/compat.js";

import { elements, partsOfCertificate } from "./der.js";
import { attempt, readCertificate, SigningProblem } from "./key.js";

const algorithms = gost.algos();

const longestChain = 5;

export class Authorities {
  // bytes are certificates in DER, one after the other.
  constructor(bytes) {
    this.bySubject = new Map();
    for (const { bytes: der } of elements(bytes)) {
      const parts = attempt(() => partsOfCertificate(der));
      if (parts) {
        const subject = parts.subject.toString("hex");
        this.bySubject.set(subject, [...(this.bySubject.get(subject) ?? []), der]);
      }
    }
  }

  // chainOf returns the certificates above one: that of its issuer first, and so on to one that issued itself or whose
  // issuer is not known. Problem: certificateAuthority, where its issuer is not known.
  chainOf(certificate) {
    const chain = [];
    let current = certificate;
    while (chain.length < longestChain) {
      const { issuer, subject } = partsOfCertificate(current.as_asn1());
      if (chain.length > 0 && issuer.equals(subject)) {
        break;
      }
      const next = this.issuerOf(current, issuer);
      if (!next) {
        break;
      }
      chain.push(next);
      current = next;
    }
    if (chain.length === 0) {
      throw new SigningProblem("certificateAuthority");
    }
    return chain;
  }

  issuerOf(certificate, name) {
    const candidates = this.bySubject.get(name.toString("hex")) ?? [];
    return candidates.map(readCertificate).find((candidate) => candidate && isIssuedBy(certificate, candidate));
  }
}

// isIssuedBy says whether the authority of one certificate issued the other, as it could when that began.
export function isIssuedBy(certificate, authority) {
  return (
    attempt(
      () =>
        authority.canUseFor("ca") && authority.verifyTime(certificate.valid.from) && isSignedBy(certificate, authority),
    ) ?? false
  );
}

function isSignedBy(certificate, authority) {
  const { signed } = partsOfCertificate(certificate.as_asn1());
  return authority.pubkey.verify(algorithms.hash(signed), certificate.ob.signature.data);
}

// withoutRoots leaves out certificates that issued themselves: whoever verifies a signature has them or trusts nothing.
export const withoutRoots = (chain) => chain.filter((certificate) => !certificate.isRoot());
