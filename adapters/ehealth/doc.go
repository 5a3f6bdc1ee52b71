// Package ehealth serves the legacy interface: the API of the Ukrainian eHealth system as medical information systems
// already use it. Its rules are docs/legacy-contract.md, which the comments cite as "contract". The package translates
// a request to the standard form, calls package provider, and writes the answer in the envelope of the contract. It
// issues no token itself, and decides nothing that a policy of the client or its connection could decide.
//
// # Routes of the public listener (Adapter.Mount)
//
//	POST               /oauth/tokens                            a code or a refresh token becomes tokens (tokens.go)
//	POST               /api/oauth/tokens                        the same under its older path
//	GET                /sign-in                                 begins an authorization request (sign_in.go)
//	GET                /accept                                  the same, where the front end asked for consent
//	GET                /invite                                  an invitation, as letters link to it (invite.go)
//	POST               /oauth/apps/authorize                    approves a client and issues a code (authorize.go)
//	GET                /conditions                              leads to the terms of the operator (old_pages.go)
//	GET                /update-password                         leads to the page for it (old_pages.go)
//	GET                /update-factor                           leads to the page for another phone (old_pages.go)
//	GET                /reset                                   leads to the page of a forgotten password (old_pages.go)
//	POST, PUT          /auth/login                              one step of a sign-in by API (login.go)
//	POST               /auth/logout                             ends an access token (nonce.go)
//	POST, GET          /oauth/nonce                             a nonce for a digital signature (nonce.go)
//	GET                /oauth/user                              the user of an access token (user_actions.go)
//	GET                /oauth/users/{id}                        the same (user_actions.go)
//	GET                /api/oauth/users/{id}                    the same under another path
//	POST               /api/send_otp                            a code for a registration (cabinet_registration.go)
//	POST               /api/verifications                       the same by another service
//	POST               /oauth/users/actions/update_password     sets a password (user_actions.go)
//	POST               /oauth/users/actions/init_factor         begins to set a phone (login_factor.go)
//	POST               /oauth/users/actions/approve_factor      sets the phone (login_factor.go)
//
// # Routes of the admin listener (Adapter.MountAdmin)
//
//	POST               /oauth/apps/authorize                    as above, for the user of x-consumer-id
//	GET                /admin/tokens/{token}/verify             client, user and scope of a token (verify.go)
//	GET                /admin/tokens/{token}/user               its user with roles
//	GET                /admin/api_key/{key}/verify              the medical information system of an api-key
//	GET, POST          /admin/clients                           (admin_clients.go)
//	GET, PUT, PATCH, DELETE  /admin/clients/{id}
//	GET                /admin/clients/{id}/details
//	PATCH              /admin/clients/{id}/actions/deactivate_tokens
//	PATCH              /admin/clients/{id}/actions/block
//	PATCH              /admin/clients/{id}/actions/unblock
//	GET, PUT           /admin/clients/{client_id}/connections   (admin_connections.go)
//	GET, PATCH, DELETE /admin/clients/{client_id}/connections/{id}
//	PATCH              /admin/clients/{client_id}/connections/{id}/actions/refresh_secret
//	GET, POST          /admin/client_types                      (admin_client_types.go)
//	GET, PUT, PATCH, DELETE  /admin/client_types/{id}
//	GET, POST          /admin/roles                             (admin_roles.go)
//	GET, PUT, PATCH, DELETE  /admin/roles/{id}
//	GET, POST          /admin/users                             (admin_users.go)
//	GET, PUT, PATCH, DELETE  /admin/users/{user_id}
//	PATCH              /admin/users/{user_id}/actions/change_password
//	PATCH              /admin/users/{user_id}/actions/block
//	PATCH              /admin/users/{user_id}/actions/unblock
//	GET                /admin/user_roles                        (admin_held_roles.go)
//	GET, POST, DELETE  /admin/users/{user_id}/roles
//	GET, DELETE        /admin/users/{user_id}/roles/{id}
//	DELETE             /admin/users/roles/{id}
//	GET, POST          /admin/users/{user_id}/global_roles
//	GET, DELETE        /admin/users/{user_id}/global_roles/{id}
//	GET, POST          /admin/apps                              (admin_approvals.go)
//	GET, PUT, PATCH, DELETE  /admin/apps/{id}
//	DELETE             /admin/users/{user_id}/apps
//	GET                /admin/otps                              (admin_otps.go)
//	GET, POST, DELETE  /admin/tokens                            (admin_tokens.go, admin_token_write.go)
//	GET, PUT, PATCH, DELETE  /admin/tokens/{id}
//	DELETE             /admin/users/{user_id}/tokens
//	POST               /admin/users/{user_id}/tokens/access
//	GET, POST          /admin/users/{user_id}/authentication_factors  (admin_factors.go)
//	GET                /admin/users/{user_id}/authentication_factors/{id}
//	PATCH              /admin/users/{user_id}/authentication_factors/{id}/actions/enable
//	PATCH              /admin/users/{user_id}/authentication_factors/{id}/actions/disable
//	PATCH              /admin/users/{user_id}/authentication_factors/{id}/actions/reset
//
// # Routes of the mithril listener (Adapter.MountAll)
//
// All of the above on one address, but that /sign-in redirects to the public listener.
//
// Each route also has a form with a slash at its end, and HEAD is answered wherever GET is. Anything else is the error
// not_found.
//
// # A token request
//
//  1. readObject (body.go) reads the object under "token"; unwrap (tokens.go) makes the standard form of its members.
//  2. provider.Exchange authenticates the client and issues the tokens, or fails.
//  3. If it fails, its error names every check that the request fails; diagnose (diagnosis.go) returns the error of the
//     first in the order of the contract; contract_error.go has the errors.
//  4. write (envelope.go) is the only function that writes an envelope.
//
// # A sign-in by API
//
// urgent.next_step of each answer names the next request:
//
//	POST /auth/login, password                     without a second factor   ──> REQUEST_APPS
//	                                               with a phone              ──> REQUEST_OTP
//	                                               with a factor, no phone   ──> REQUEST_FACTOR
//	POST /auth/login, digital_signature                                      ──> REQUEST_APPS
//
//	REQUEST_OTP     POST /auth/login, authorize_2fa_access_token             ──> REQUEST_APPS
//	                POST /auth/login, refresh_2fa_access_token               ──> REQUEST_OTP
//	REQUEST_FACTOR  POST /oauth/users/actions/init_factor                    ──> APPROVE_FACTOR
//	APPROVE_FACTOR  POST /oauth/users/actions/approve_factor                 ──> the sign-in is complete
//	REQUEST_APPS    POST /oauth/apps/authorize                               ──> a code for a client
//
// The grant change_password takes the same steps and ends with a token for update_password.
package ehealth
