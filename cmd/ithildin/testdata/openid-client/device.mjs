// An application on a device without a browser: device.mjs ISSUER
import { finish, open } from './person.mjs'
const client = await import('openid-client')

const [issuer] = process.argv.slice(2)
const config = await client.discovery(
  new URL(issuer), 'demo', 'demo-secret', client.ClientSecretBasic('demo-secret'))
client.enableNonRepudiationChecks(config)

const begun = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access' })
await open(begun.verification_uri_complete)
const tokens = await client.pollDeviceAuthorizationGrant(config, begun)
const { sub } = tokens.claims()
const person = await client.fetchUserInfo(config, tokens.access_token, sub)
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)

finish({
  userCode: begun.user_code,
  sub,
  email: person.email,
  refreshedSub: refreshed.claims().sub,
})
