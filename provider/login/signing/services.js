// Asks services of the authorities, by way of the server of the page: the status of a certificate (OCSP, RFC 6960), a
// time stamp (RFC 3161), and the certificates of a key (CMP, in the form of IIT, which no standard has). Whatever does
// not answer, or not as it should, is done without: the service that verifies the signature has the last word.

import { Buffer } from "buffer";
import gost from "gost89/lib/compat.js";
import Message from "jkurwa/lib/models/Message.js";
import OcspResponse from "jkurwa/lib/models/OcspResponse.js";
import ocsp from "jkurwa/lib/spec/rfc2560-ocsp.js";
import tsp from "jkurwa/lib/spec/rfc3161-tsp.js";

import { isIssuedBy } from "./authorities.js";
import { elements } from "./der.js";
import { readCertificate } from "./key.js";
import { ask } from "./server.js";

const algorithms = gost.algos();

export class Services {
  // proxy is the address at this server that forwards; finders are those of CMP services.
  constructor(proxy, finders) {
    this.proxy = proxy;
    this.finders = finders;
  }

  // post returns undefined where no address is given.
  async post(mediaType, address, body) {
    return address && (await ask(`${this.proxy}?${new URLSearchParams({ address })}`, {
      method: "POST",
      headers: { "Content-Type": mediaType },
      body,
    }));
  }

  // certificatesOf returns the certificates of keys that the first service has which has some.
  async certificatesOf(keys) {
    const identifiers = keys.map((key) => key.pub().keyid(algorithms));
    for (const address of this.finders) {
      const found = await attempt(async () => {
        const answer = await this.post("application/pkixcmp", address, questionFor(identifiers));
        return certificatesIn(answer);
      });
      if (found?.length > 0) {
        return found;
      }
    }
    return [];
  }

  // isRevoked says whether the issuer of a certificate, or whom it charged with that, answers so.
  async isRevoked(certificate, issuer) {
    const revoked = await attempt(async () => {
      const nonce = Buffer.concat([Buffer.from([4, 32]), crypto.getRandomValues(new Uint8Array(32))]);
      const asked = OcspResponse.encodeSpec(certificate, certificate.serial, algorithms.hash);
      const question = ocsp.OCSPRequest.encode(
        {
          tbsRequest: {
            requestList: [{ reqCert: asked }],
            requestExtensions: [{ extnID: "OCSPNonce", extnValue: nonce }],
          },
        },
        "der",
      );
      const address = addressOf(certificate.extension.authorityInfoAccess, "ocsp");
      const answer = await this.post("application/ocsp-request", address, question);
      return answer && statusIn(answer, asked, nonce, issuer) === "revoked";
    });
    return revoked ?? false;
  }

  // stampOf returns a time stamp over a signature; undefined without one.
  stampOf(certificate, signature) {
    return attempt(async () => {
      const imprint = algorithms.hash(signature);
      const question = tsp.TimeStampReq.encode(
        { version: 1, messageImprint: { hashAlgorithm: { algorithm: "Gost34311" }, hashedMessage: imprint } },
        "der",
      );
      const address = addressOf(certificate.extension.subjectInfoAccess, "tsp");
      const answer = await this.post("application/timestamp-query", address, question);
      return answer && stampIn(answer, imprint);
    });
  }
}

// addressOf reads the list of a certificate's services as the library keeps it: the first one is spread out.
const addressOf = (services, kind) => (services?.id === kind ? services.link : services?.[kind]);

function questionFor(identifiers) {
  const content = Buffer.alloc(120);
  content.writeUInt32LE(13, 0);
  content.writeUInt32LE(2, 8);
  identifiers[0].copy(content, 12);
  (identifiers[1] ?? identifiers[0]).copy(content, 44);
  content.writeUInt32LE(1, 108);
  content.writeUInt32LE(1, 112);
  return new Message({ type: "data", data: content }).as_asn1();
}

function certificatesIn(answer) {
  const [, wrapped] = elements(elements(answer)[0].content);
  const [{ content }] = elements(wrapped.content);
  if (content.readUInt32LE(4) !== 1) {
    return [];
  }
  const [, signed] = elements(elements(content.subarray(8))[0].content);
  const certificates = elements(elements(signed.content)[0].content).find(({ tag }) => tag === 0xa0);
  return elements(certificates.content).map(({ bytes }) => readCertificate(bytes)).filter(Boolean);
}

// statusIn returns what an answer says of the certificate that was asked about, and throws where it is not of the issuer.
function statusIn(answer, asked, nonce, issuer) {
  const [, wrapped] = elements(elements(answer)[0].content);
  const [, octets] = elements(elements(wrapped.content)[0].content);
  const [data, , signature, certificates] = elements(elements(octets.content)[0].content);
  const beside = certificates ? elements(elements(certificates.content)[0].content) : [];
  const responders = beside
    .map(({ bytes }) => readCertificate(bytes))
    .filter((one) => one?.extension.extendedKeyUsage && one.canUseFor("ocspSigning") && isIssuedBy(one, issuer));
  const isSigned = [issuer, ...responders].some((one) =>
    one.pubkey.verify(algorithms.hash(data.bytes), signature.content.subarray(1)),
  );
  const { responses, responseExtensions } = ocsp.ResponseData.decode(data.bytes, "der");
  const echo = responseExtensions?.find(({ extnID }) => extnID === "OCSPNonce");
  const single = responses.find(
    ({ certID }) => certID.serialNumber.eq(asked.serialNumber) && certID.issuerKeyHash.equals(asked.issuerKeyHash),
  );
  if (!isSigned || !single || (echo && !echo.extnValue.equals(nonce))) {
    throw new Error("no answer of the issuer");
  }
  return single.certStatus.type;
}

// stampIn returns the time stamp of an answer, which must be over the imprint.
function stampIn(answer, imprint) {
  const [, token] = elements(elements(answer)[0].content);
  const [, signed] = elements(token.content);
  const [, , encapsulated] = elements(elements(signed.content)[0].content);
  const [, octets] = elements(encapsulated.content);
  const [info] = elements(elements(octets.content)[0].content);
  const [, , messageImprint] = elements(info.content);
  const [, hash] = elements(messageImprint.content);
  return hash.content.equals(imprint) ? token.bytes : undefined;
}

async function attempt(action) {
  try {
    return await action();
  } catch {
    return undefined;
  }
}
