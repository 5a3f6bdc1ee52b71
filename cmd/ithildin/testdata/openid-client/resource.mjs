// An API of the guide to certification. Its arguments are the issuer and a port.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'

const [, , issuer, port] = process.argv
const provider = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer)))
const keys = createRemoteJWKSet(new URL(provider.jwks_uri))
const usedProofs = new Set()

// authorize refuses, by an error, a token that is not the sender's: it must be bound to the certificate of the connection, or
// to a key that the sender proves to hold.
async function authorize(incoming) {
  const [, token] = (incoming.headers.authorization ?? '').split(' ')
  const thumbprint = decodeJwt(token).cnf?.['x5t#S256']
  if (thumbprint) {
    await jwtVerify(token, keys, { issuer, audience: issuer, typ: 'at+jwt', requiredClaims: ['exp', 'sub', 'client_id'] })
    const certificate = incoming.socket.getPeerCertificate().raw
    if (!certificate || thumbprint !== createHash('sha256').update(certificate).digest('base64url')) {
      throw new Error('bound to another certificate')
    }
    return
  }
  const request = new Request(`https://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method, headers: { authorization: incoming.headers.authorization, dpop: incoming.headers.dpop ?? '' },
  })
  const signingAlgorithms = ['ES256', 'PS256', 'EdDSA']
  await oauth.validateJwtAccessToken(provider, request, issuer, { requireDPoP: true, signingAlgorithms })
  const { jti } = decodeJwt(incoming.headers.dpop)
  if (usedProofs.has(jti)) throw new Error('a proof that was used before')
  usedProofs.add(jti)
}

createServer({
  cert: readFileSync('fullchain.pem'),
  key: readFileSync('privkey.pem'),
  requestCert: true,
  rejectUnauthorized: false, // whose certificate it is follows from the token
  minVersion: 'TLSv1.2',
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384',
}, async (incoming, outgoing) => {
  const answer = (status, headers) => outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}')
  await authorize(incoming).then(
    () => answer(200), () => answer(401, { 'www-authenticate': 'DPoP algs="ES256 PS256 EdDSA", error="invalid_token"' }))
}).listen(port)
