// An application that pushes its authorization request (RFC 9126) and gets a signed response (JARM):
// sign_in_pushed.mjs ISSUER REDIRECT_URI
import { finish, open } from './person.mjs'
const client = await import('openid-client')

const [issuer, redirectURI] = process.argv.slice(2)
const config = await client.discovery(
  new URL(issuer), 'demo', 'demo-secret', client.ClientSecretBasic('demo-secret'))
client.useJwtResponseMode(config)

const parameters = async checks => ({
  redirect_uri: redirectURI,
  scope: 'openid',
  state: checks.expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: 'S256',
})
const newChecks = () => ({
  pkceCodeVerifier: client.randomPKCECodeVerifier(),
  expectedState: client.randomState(),
  idTokenExpected: true,
})

const checks = newChecks()
const address = await client.buildAuthorizationUrlWithPAR(config, await parameters(checks))
const landed = await open(address)
const tokens = await client.authorizationCodeGrant(config, landed, checks)

// An error is signed too.
const refusedChecks = newChecks()
const refused = await open(await client.buildAuthorizationUrlWithPAR(
  config, { ...await parameters(refusedChecks), prompt: 'none', max_age: '0' }))
let error = ''
try {
  await client.authorizationCodeGrant(config, refused, refusedChecks)
} catch (failure) {
  error = failure.error
}

finish({
  sub: tokens.claims().sub,
  asked: [...address.searchParams.keys()].sort(),
  responded: [...landed.searchParams.keys()],
  error,
})
