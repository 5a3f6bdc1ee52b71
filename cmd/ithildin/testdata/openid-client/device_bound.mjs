// An application on a device without a browser, on openid-client 5, whose tokens are bound to a key:
// device_bound.mjs ISSUER
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import openid from 'openid-client-5'
import { finish, open } from './person.mjs'

const [address] = process.argv.slice(2)
const issuer = await openid.Issuer.discover(address)
const client = new issuer.Client({ client_id: 'demo', client_secret: 'demo-secret', id_token_signed_response_alg: 'RS256' })
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const DPoP = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))

const begun = await client.deviceAuthorization({ scope: 'openid email offline_access' }, { DPoP })
await open(begun.verification_uri_complete)
const tokens = await begun.poll()
const person = await client.userinfo(tokens, { DPoP })

finish({ userCode: begun.user_code, tokenType: tokens.token_type, sub: tokens.claims().sub, userinfoSub: person.sub })
