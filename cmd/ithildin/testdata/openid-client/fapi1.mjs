// An application of FAPI 1.0 Advanced on openid-client 5, which authenticates by a certificate that its tokens are bound
// to: fapi1.mjs ISSUER REDIRECT_URI KEY_FILE CERTIFICATE_FILE CERTIFICATE_KEY_FILE
import { readFileSync } from 'node:fs'
import openid from 'openid-client-5'
import { finish, open } from './person.mjs'

const [address, redirectURI, keyFile, certificateFile, certificateKeyFile] = process.argv.slice(2)
const held = { cert: readFileSync(certificateFile), key: readFileSync(certificateKeyFile) }
const issuer = await openid.Issuer.discover(address)
const client = new issuer.FAPI1Client({
  client_id: 'fapi1',
  redirect_uris: [redirectURI],
  response_types: ['code id_token'],
  grant_types: ['authorization_code', 'implicit', 'refresh_token'],
  token_endpoint_auth_method: 'tls_client_auth',
  request_object_signing_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  tls_client_certificate_bound_access_tokens: true,
}, { keys: [JSON.parse(readFileSync(keyFile))] })
client[openid.custom.http_options] = () => held

const checks = { state: openid.generators.state(), nonce: openid.generators.nonce(), response_type: 'code id_token' }
const request = await client.requestObject({
  response_type: 'code id_token', redirect_uri: redirectURI, scope: 'openid email', state: checks.state, nonce: checks.nonce,
})
const landed = await open(client.authorizationUrl({ request, response_type: 'code id_token', nonce: checks.nonce }))
const parameters = client.callbackParams(landed.href.replace('#', '?'))
const tokens = await client.callback(redirectURI, parameters, checks)
const person = await client.userinfo(tokens)
const bound = JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url')).cnf
const response = await fetch(issuer.userinfo_endpoint, { headers: { authorization: 'Bearer ' + tokens.access_token } })

finish({
  email: person.email,
  responded: [...new URLSearchParams(landed.hash.slice(1)).keys()].sort(),
  bound: Object.keys(bound),
  withoutCertificate: response.status,
})
