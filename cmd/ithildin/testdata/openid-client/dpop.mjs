// An application whose tokens are bound to a key of its own: dpop.mjs ISSUER REDIRECT_URI
import { finish, open } from './person.mjs'
const client = await import('openid-client')

const [issuer, redirectURI] = process.argv.slice(2)
const config = await client.discovery(
  new URL(issuer), 'demo', 'demo-secret', client.ClientSecretBasic('demo-secret'))
const keys = await client.randomDPoPKeyPair()
const DPoP = client.getDPoPHandle(config, keys)

const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState() }
const landed = await open(client.buildAuthorizationUrl(config, {
  redirect_uri: redirectURI,
  scope: 'openid profile email offline_access',
  prompt: 'consent',
  state: checks.expectedState,
  dpop_jkt: await DPoP.calculateThumbprint(),
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: 'S256',
}))
const tokens = await client.authorizationCodeGrant(config, landed, checks, undefined, { DPoP })
const { sub } = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const again = await client.fetchUserInfo(config, refreshed.access_token, sub, { DPoP })
const seen = await client.tokenIntrospection(config, refreshed.access_token)
const asBearer = await client.fetchUserInfo(config, refreshed.access_token, sub).then(() => 'accepted', () => 'refused')

finish({
  tokenType: tokens.token_type,
  email: person.email,
  sameSubject: again.sub === sub,
  boundToItsKey: seen.cnf.jkt === await DPoP.calculateThumbprint(),
  asBearer,
})
