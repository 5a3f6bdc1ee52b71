// An application of FAPI 2.0 Message Signing on openid-client 5, whose requests and responses are signed and whose tokens
// are bound to a key: fapi2.mjs ISSUER REDIRECT_URI KEY_FILE
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import openid from 'openid-client-5'
import { finish, open } from './person.mjs'

const [address, redirectURI, keyFile] = process.argv.slice(2)
const key = JSON.parse(readFileSync(keyFile))
const issuer = await openid.Issuer.discover(address)
const client = new issuer.FAPI2Client({
  client_id: 'fapi2',
  redirect_uris: [redirectURI],
  response_types: ['code'],
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  request_object_signing_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  authorization_signed_response_alg: 'ES256',
  dpop_bound_access_tokens: true,
}, { keys: [key] })
const DPoP = createPrivateKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))

// ask pushes a signed request, and returns what the person's browser brought back, and the checks of it.
async function ask(parameters) {
  const checks = {
    code_verifier: openid.generators.codeVerifier(), state: openid.generators.state(), nonce: openid.generators.nonce(),
    jarm: true, response_type: 'code',
  }
  const request = await client.requestObject({
    response_type: 'code',
    response_mode: 'jwt',
    redirect_uri: redirectURI,
    scope: 'openid email offline_access',
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: openid.generators.codeChallenge(checks.code_verifier),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const { request_uri } = await client.pushedAuthorizationRequest({ request })
  const landed = await open(client.authorizationUrl({ request_uri }))
  return { landed, checks, exchange: () => client.callback(redirectURI, client.callbackParams(landed.href), checks, { DPoP }) }
}

const { landed, exchange } = await ask({ prompt: 'consent' })
const tokens = await exchange()
const person = await client.userinfo(tokens, { DPoP })
const refreshed = await client.refresh(tokens.refresh_token, { DPoP })
const again = await client.userinfo(refreshed, { DPoP })
const asBearer = await client.userinfo(refreshed.access_token).then(() => 'accepted', () => 'refused')
const replayed = await exchange().then(() => 'accepted', failure => failure.error)
const refused = await ask({ prompt: 'none', max_age: 0 })
const error = await refused.exchange().then(() => 'none', failure => failure.error)

finish({
  tokenType: tokens.token_type,
  email: person.email,
  sameSubject: again.sub === tokens.claims().sub,
  responded: [...landed.searchParams.keys()],
  asBearer,
  replayed,
  error,
})
