package identity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPhoneNumberIsNormalizedFromCommonForms(t *testing.T) {
	for _, written := range []string{
		"+380501234567", "0501234567", "380501234567", "80501234567", "00380501234567", " 050 123 45 67 ", "(050) 123-45-67",
		"+38 (050) 123–45–67", "+380\u00a050\u00a0123\u00a045\u00a067", "050.123.45.67",
	} {
		number, isNumber := NormalizePhone(written)
		require.True(t, isNumber, "%q", written)
		require.Equal(t, "+380501234567", number)
	}
	for _, written := range []string{
		"", "12", "050123456", "05012345678", "+48501234567", "+3800501234567", "050a234567", "++380501234567",
		strings.Repeat("0", 1000),
	} {
		_, isNumber := NormalizePhone(written)
		require.False(t, isNumber, "%q", written)
	}
}
