// An application that knows the issuer, its credentials and its redirect URI: sign_in.mjs ISSUER REDIRECT_URI
import { finish, open } from './person.mjs'
const client = await import('openid-client')

const [issuer, redirectURI] = process.argv.slice(2)
const config = await client.discovery(
  new URL(issuer), 'demo', 'demo-secret', client.ClientSecretBasic('demo-secret'))
client.enableNonRepudiationChecks(config) // signatures of ID tokens too, not only the TLS they came by

const checks = {
  pkceCodeVerifier: client.randomPKCECodeVerifier(),
  expectedState: client.randomState(),
  expectedNonce: client.randomNonce(),
  idTokenExpected: true,
}
const landed = await open(client.buildAuthorizationUrl(config, {
  redirect_uri: redirectURI,
  scope: 'openid profile email offline_access',
  prompt: 'consent',
  state: checks.expectedState,
  nonce: checks.expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: 'S256',
}))
const tokens = await client.authorizationCodeGrant(config, landed, checks)
const { sub } = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, sub)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
const before = await client.tokenIntrospection(config, refreshed.access_token)
await client.tokenRevocation(config, refreshed.refresh_token)
const after = await client.tokenIntrospection(config, refreshed.access_token)

finish({
  sub,
  email: person.email,
  refreshedSub: refreshed.claims().sub,
  activeBeforeRevocation: before.active,
  activeAfterRevocation: after.active,
})
