package oauth

import "ithildin/storage"

// GrantTypeDeviceCode is the grant of devices for which somebody signs in elsewhere (RFC 8628 3.4).
const GrantTypeDeviceCode = storage.GrantTypeDeviceCode

// GrantTypes are those that Exchange serves.
var GrantTypes = []string{"authorization_code", "refresh_token", "client_credentials", GrantTypeDeviceCode}
