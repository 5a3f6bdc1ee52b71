// An application that registers itself, signs a person in, and is told by the back channel when they sign out:
// register.mjs ISSUER CERTIFICATE_FILE KEY_FILE
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { finish, open } from './person.mjs'
const client = await import('openid-client')
const { createRemoteJWKSet, jwtVerify } = await import('jose')

const [issuer, certificateFile, keyFile] = process.argv.slice(2)
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

// The back channel: it hands each logout token on, and answers as OIDC Back-Channel Logout 2.8 says.
let logoutArrived
const logout = new Promise((resolve) => { logoutArrived = resolve })
const server = createServer(
  { cert: await readFile(certificateFile), key: await readFile(keyFile) },
  async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const token = new URLSearchParams(body).get('logout_token')
    const right = request.method === 'POST' && request.url === '/backchannel' && token
    response.writeHead(right ? 200 : 400, { 'Cache-Control': 'no-store' }).end()
    if (right) logoutArrived(token)
  })
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const self = `https://127.0.0.1:${server.address().port}`

const config = await client.dynamicClientRegistration(new URL(issuer), {
  client_name: 'Registered by openid-client',
  redirect_uris: [`${self}/callback`],
  post_logout_redirect_uris: [`${self}/goodbye`],
  backchannel_logout_uri: `${self}/backchannel`,
  backchannel_logout_session_required: true,
  response_types: ['code'],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: 'client_secret_post',
})
client.enableNonRepudiationChecks(config)

const checks = {
  pkceCodeVerifier: client.randomPKCECodeVerifier(),
  expectedState: client.randomState(),
  expectedNonce: client.randomNonce(),
  idTokenExpected: true,
}
const landed = await open(client.buildAuthorizationUrl(config, {
  redirect_uri: `${self}/callback`,
  scope: 'openid',
  state: checks.expectedState,
  nonce: checks.expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: 'S256',
}))
const tokens = await client.authorizationCodeGrant(config, landed, checks)
const idToken = tokens.claims()

const state = client.randomState()
const goodbye = await open(client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: `${self}/goodbye`,
  state,
}))
const { payload, protectedHeader } = await jwtVerify(
  await logout, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), {
    issuer,
    audience: config.clientMetadata().client_id,
    maxTokenAge: '2 minutes',
    requiredClaims: ['exp', 'jti', 'events'],
  })

finish({
  goodbye: goodbye.origin + goodbye.pathname,
  expectedGoodbye: `${self}/goodbye`,
  stateReturned: goodbye.searchParams.get('state') === state,
  type: protectedHeader.typ,
  events: payload.events,
  expectedEvents: { [logoutEvent]: {} },
  sameSubject: payload.sub === undefined || payload.sub === idToken.sub,
  sameSession: payload.sid !== undefined && payload.sid === idToken.sid,
  hasNonce: 'nonce' in payload,
})
