// An application that asks for tokens of two APIs (RFC 8707) and for one patient's records (RFC 9396):
// sign_in_detailed.mjs ISSUER REDIRECT_URI SECRET RESOURCE OTHER_RESOURCE
import { finish, open } from './person.mjs'
const client = await import('openid-client')
const { decodeJwt } = await import('jose')

const [issuer, redirectURI, secret, resource, otherResource] = process.argv.slice(2)
const config = await client.discovery(
  new URL(issuer), 'shop', secret, client.ClientSecretBasic(secret))
const detail = actions => JSON.stringify([{ type: 'record_access', patient: 'p-17', actions }])

const checks = { pkceCodeVerifier: client.randomPKCECodeVerifier(), expectedState: client.randomState() }
const parameters = new URLSearchParams({
  redirect_uri: redirectURI,
  scope: 'openid offline_access',
  prompt: 'consent',
  state: checks.expectedState,
  authorization_details: detail(['read', 'write']),
  code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
  code_challenge_method: 'S256',
})
parameters.append('resource', resource)
parameters.append('resource', otherResource)
const landed = await open(await client.buildAuthorizationUrlWithPAR(config, parameters))
const tokens = await client.authorizationCodeGrant(config, landed, checks, { resource })
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, {
  resource: otherResource, authorization_details: detail(['read']),
})
const widened = await client.refreshTokenGrant(config, refreshed.refresh_token, { resource: issuer })
  .then(() => 'accepted', failure => failure.error)
const seen = await client.tokenIntrospection(config, refreshed.access_token)
const own = await client.clientCredentialsGrant(config, { resource })

finish({
  types: config.serverMetadata().authorization_details_types_supported,
  audience: decodeJwt(tokens.access_token).aud,
  actions: tokens.authorization_details[0].actions,
  refreshedAudience: decodeJwt(refreshed.access_token).aud,
  refreshedActions: refreshed.authorization_details[0].actions,
  introspectedActions: seen.authorization_details[0].actions,
  ownAudience: decodeJwt(own.access_token).aud,
  widened,
})
