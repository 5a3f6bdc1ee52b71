// Takes DER (X.690) apart, where the bytes of an element must stay as they are.

// elements returns the elements that stand one after the other in bytes: the tag of each, its content and all its
// bytes. It throws for what is no DER.
export function elements(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    let start = at + 2;
    let size = bytes[at + 1];
    if (size > 0x80) {
      const octets = size - 0x80;
      start += octets;
      size = octets > 4 ? NaN : bytes.subarray(at + 2, start).reduce((sum, octet) => sum * 256 + octet, 0);
    } else if (size === 0x80) {
      size = NaN;
    }
    const end = start + size;
    if (!(end <= bytes.length)) {
      throw new RangeError("no DER");
    }
    found.push({ tag: bytes[at], content: bytes.subarray(start, end), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

// partsOfCertificate returns what was signed of a certificate, and the names in it, as they stand.
export function partsOfCertificate(der) {
  const [signed] = elements(elements(der)[0].content);
  const fields = elements(signed.content);
  const [, , issuer, , subject] = fields[0].tag === 0xa0 ? fields.slice(1) : fields;
  return { signed: signed.bytes, issuer: issuer.bytes, subject: subject.bytes };
}
