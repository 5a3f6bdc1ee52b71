package identity

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKnownPasswordsAreRefusedWhateverIsAddedToThem(t *testing.T) {
	for _, password := range []string{
		"Password1234", "password1234", "P@ssw0rd1234", "Passw0rd2026!", "passwordpassword", "password123456789",
		"qwerty123456",
		"Qwertyuiop12", "123456789012", "111111111111", "aaaaaaaaaaaa", "abcdefghijkl", "1q2w3e4r5t6y", "qazwsxedcrfv",
		"iloveyou1234", "administrator", "admin1234567", "letmein12345", "welcome12345", "йцукенгшщзхї", "Пароль123456",
		"Ab1Ab1Ab1Ab1", "Ukraine2026!", "987654321098", "іііііііііііііі",
	} {
		require.ErrorIs(t, CheckNewPassword(password), ErrPasswordKnown, password)
	}
}

func TestPasswordMadeOfItsOwnersEmailOrTheServiceIsRefused(t *testing.T) {
	for _, password := range []string{
		"olena.koval@hospital.example", "Olena.Koval@Hospital.Example", "olena.koval1234", "KovalHospital", "id.clinic.test1",
	} {
		err := CheckNewPassword(password, "olena.koval@hospital.example", "id.clinic.test")
		require.ErrorIs(t, err, ErrPasswordKnown, password)
	}
}

func TestAPasswordNeedsLengthAndNothingElse(t *testing.T) {
	for _, password := range []string{
		"correct horse battery staple", "двадцять сім літер і пробіли", "лікарем я був іще вчора", "tr0ub4dor&3zebra",
		"84720916538274",
		"пйщлкваєґджзх", "xkqvbnwpzrtl", strings.Repeat("кобзар заспівав ", 60), "ьї’їж🦔їжак",
	} {
		if len([]rune(password)) >= 12 {
			require.NoError(t, CheckNewPassword(password, "doctor@example.com", "id.example.com"), password)
		}
	}
	require.ErrorIs(t, CheckNewPassword("jq8#Kv!x0Zp"), ErrPasswordShort, "11 characters of every kind")
	require.ErrorIs(t, CheckNewPassword("йїйїйїйїйї!"), ErrPasswordShort, "a letter with a mark is one character")
	require.ErrorIs(t, CheckNewPassword(strings.Repeat("лікар сова ", 100)), ErrPasswordLong)
	require.ErrorIs(t, CheckNewPassword("\xff\xfe is no text at all"), ErrPasswordForm)
}
