// An API that takes access tokens: the lines of docs/resource-servers.md, between the marks, and a token to try.
const [, , issuer, audience, token] = process.argv
// begin
import { createRemoteJWKSet, jwtVerify } from 'jose'

const keys = createRemoteJWKSet(new URL(issuer + '/.well-known/jwks.json'))

async function authenticate(token) {
  const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', requiredClaims: ['exp', 'sub', 'client_id'] })
  if (payload.cnf) throw new Error('bound to what its sender must prove to hold')
  return payload
}
// end
try {
  console.log((await authenticate(token)).sub)
} catch (error) {
  console.log('refused: ' + (error.code ?? error.message))
}
