package storage

// The kinds of audit events. The first group is about changes: the method of the Store that makes one records it, with
// who made it and what was there before and after (see changing). The second is about what was decided or tried.
const (
	EventUserCreated   = "user_created"
	EventUserUpdated   = "user_updated"
	EventUserBlocked   = "user_blocked"
	EventUserUnblocked = "user_unblocked"
	EventUserDeleted   = "user_deleted"
	EventPasswordSet   = "password_set"

	EventFactorCreated  = "factor_created"
	EventFactorChanged  = "factor_changed"
	EventFactorDeleted  = "factor_deleted"
	EventPasskeyCreated = "passkey_created"
	EventPasskeyDeleted = "passkey_deleted"

	EventRecoveryCodesCreated = "recovery_codes_created"
	EventRecoveryCodesDeleted = "recovery_codes_deleted"

	EventSessionEnded    = "session_ended"
	EventUserSignedOut   = "user_signed_out"
	EventApprovalCreated = "approval_created" // by an administrator; a user's own is EventConsented
	EventApprovalUpdated = "approval_updated" // likewise
	EventApprovalDeleted = "approval_deleted"

	EventClientCreated     = "client_created"
	EventClientUpdated     = "client_updated"
	EventClientBlocked     = "client_blocked"
	EventClientUnblocked   = "client_unblocked"
	EventClientDeleted     = "client_deleted"
	EventTokensDeactivated = "tokens_deactivated"
	EventTokenCreated      = "token_created" // by an administrator, who chose its value
	EventTokenChanged      = "token_changed" // likewise
	EventTokenDeleted      = "token_deleted"
	EventTokensDeleted     = "tokens_deleted"

	EventClientRegistered          = "client_registered"
	EventClientRegistrationUpdated = "client_registration_updated"
	EventClientRegistrationDeleted = "client_registration_deleted"

	EventConnectionCreated        = "connection_created"
	EventConnectionUpdated        = "connection_updated"
	EventConnectionDeleted        = "connection_deleted"
	EventConnectionSecretReplaced = "connection_secret_replaced"
	EventConnectionSecretEnded    = "connection_secret_ended"

	EventRoleCreated = "role_created"
	EventRoleUpdated = "role_updated"
	EventRoleDeleted = "role_deleted"
	EventRoleGranted = "role_granted"
	EventRoleRevoked = "role_revoked"

	EventClientHostBlocked   = "client_host_blocked"
	EventClientHostUnblocked = "client_host_unblocked"

	EventClientTypeCreated = "client_type_created"
	EventClientTypeUpdated = "client_type_updated"
	EventClientTypeDeleted = "client_type_deleted"

	EventScopePut     = "scope_put"
	EventScopeDeleted = "scope_deleted"

	EventResourcePut     = "resource_put"
	EventResourceDeleted = "resource_deleted"

	EventDetailTypePut     = "authorization_details_type_put"
	EventDetailTypeDeleted = "authorization_details_type_deleted"

	EventSigningKeyReplaced = "signing_key_replaced"
	EventSecretsResealed    = "secrets_resealed"

	EventInitialAccessTokenCreated = "initial_access_token_created"
	EventInitialAccessTokenDeleted = "initial_access_token_deleted"

	EventInvitationCreated  = "invitation_created"
	EventInvitationRevoked  = "invitation_revoked"
	EventInvitationAccepted = "invitation_accepted"
	EventInvitationRejected = "invitation_rejected"

	EventRolledBackEnded = "rolled_back_ended" // after a restore, what it had brought back

	EventAuditPruned  = "audit_pruned"
	EventImported     = "imported"
	EventImportPruned = "import_pruned" // what the source of an import had no more was deleted
)

// The kinds of events about what was decided or tried.
const (
	EventSignIn       = "sign_in"
	EventSignInFailed = "sign_in_failed"
	EventSignOut      = "sign_out"
	// EventPasskeyCloned is of a sign-in that was refused since the sign count of its passkey did not go up: somebody may
	// have a copy of the authenticator.
	EventPasskeyCloned = "passkey_cloned"
	// EventRecoveryCodeUsed is of a sign-in by a recovery code, which says how many are left.
	EventRecoveryCodeUsed = "recovery_code_used"
	// EventBrowserRemembered is of a sign-in after which its browser is asked for no second factor for a time;
	// EventBrowserForgotten of the end of that by the person.
	EventBrowserRemembered = "browser_remembered"
	EventBrowserForgotten  = "browser_forgotten"
	// EventDataExported is of a copy of their data that a person took.
	EventDataExported = "data_exported"
	// EventPasswordResetSent is of a link that was sent to set a forgotten password; EventPasswordResetRefused of one that
	// was asked for and not sent, with the reason.
	EventPasswordResetSent    = "password_reset_sent"
	EventPasswordResetRefused = "password_reset_refused"
	EventSessionTokenIssued   = "session_token_issued"
	// EventLoginScopeBeyondRoles is of each token of the login API whose scope the user's roles do not give, so that an
	// operator sees whom the policy login_scope=roles would refuse.
	EventLoginScopeBeyondRoles      = "login_scope_beyond_roles"
	EventConsented                  = "consented"
	EventCodeExchanged              = "code_exchanged"
	EventDeviceApproved             = "device_approved" // by a person, elsewhere (RFC 8628)
	EventDeviceDenied               = "device_denied"   // likewise
	EventTokenRevoked               = "token_revoked"
	EventRefreshTokenRepeated       = "refresh_token_repeated"       // after its grace, and answered
	EventRefreshTokenReused         = "refresh_token_reused"         // and its grant revoked
	EventClientAuthenticationFailed = "client_authentication_failed" // the first, tenth, hundredth time and so on
	EventAdminTokenFailed           = "admin_token_failed"           // likewise
	EventGatewayDecision            = "gateway_decision"
	EventInvitationRefused          = "invitation_refused" // an answer of the wrong person, or about other data

	EventConsoleSignedIn  = "console_signed_in"
	EventConsoleRefused   = "console_refused" // a sign-in to the console, with the reason
	EventConsoleSignedOut = "console_signed_out"
	EventUserViewed       = "user_viewed" // the personal data of a user, in the console
	EventAuditExported    = "audit_exported"
	EventClientTried      = "client_tried" // requests of a client, by an operator who tries it in the console
)
