package dpop

import (
	"net/url"
	"slices"
	"strings"

	"ithildin/provider/inbound"
)

// sentTo says whether the htu of a proof is one of these addresses, all of them normalized. Query and fragment do not
// count (RFC 9449 4.3).
func sentTo(uri string, addresses []string) bool {
	given := normalize(uri)
	return given != "" && slices.ContainsFunc(addresses, func(address string) bool { return normalize(address) == given })
}

// normalize brings an address without its query and fragment to the one form that all equivalent ones have (RFC 3986
// 6.2.2 and 6.2.3): "" for what is no absolute address of HTTP, and for one with a user or a password.
func normalize(address string) string {
	origin := inbound.Origin(address)
	u, err := url.Parse(address)
	if origin == "" || err != nil {
		return ""
	}
	return origin + normalizePath(u.EscapedPath())
}

// normalizePath decodes what need not be encoded, writes other encodings in upper case, and resolves dot segments.
func normalizePath(escaped string) string {
	var out strings.Builder
	for i := 0; i < len(escaped); i++ {
		if escaped[i] != '%' || i+2 >= len(escaped) {
			out.WriteByte(escaped[i])
			continue
		}
		octet := escaped[i : i+3]
		if decoded, err := url.PathUnescape(octet); err == nil && isUnreserved(decoded[0]) {
			out.WriteString(decoded)
		} else {
			out.WriteString(strings.ToUpper(octet))
		}
		i += 2
	}
	return removeDotSegments(out.String())
}

// isUnreserved finds characters that mean the same encoded or not (RFC 3986 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// removeDotSegments is RFC 3986 5.2.4. path.Clean would also join empty segments, which are segments there.
func removeDotSegments(escaped string) string {
	var kept []string
	segments := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	for i, segment := range segments {
		isLast := i == len(segments)-1
		switch segment {
		case ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, segment)
			continue
		}
		if isLast {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/")
}
