package login

// The message keys of the forms on which a signed-in person changes their password or phone.
const (
	messagePresentPassword = "present_password"
	messagePasswordsEmpty  = "passwords_empty"
	messagePasswordsDiffer = "passwords_differ"
	changedPassword        = "password"
)

// credentialText is what the pages of a change of password or phone say in one language.
type credentialText struct {
	Cancel                                             string
	PasswordTitle, PasswordLead, PasswordCode          string
	Present, New, Repeat, PasswordButton, PasswordHint string
	PasswordNone                                       string
	// Changed is what the account says after a change, Refusals why a form is shown again.
	Changed, Refusals map[string]string
}

var credentialTexts = map[string]*credentialText{
	ukrainian: {
		Cancel:        "Повернутися без змін",
		PasswordTitle: "Зміна пароля",
		PasswordLead:  "Після зміни ви залишитеся в системі лише в цьому браузері: решту сеансів буде завершено.",
		PasswordCode:  "Щоб підтвердити зміну, ми надішлемо код на номер",
		Present:       "Поточний пароль", New: "Новий пароль", Repeat: "Новий пароль ще раз",
		PasswordButton: "Змінити пароль",
		PasswordHint: "Щонайменше 12 символів; добре підходять кілька випадкових слів. Не беріть поширених паролів, своєї " +
			"електронної пошти чи одного з останніх трьох паролів.",
		PasswordNone: "Ви входите без пароля, тому змінювати нічого.",
		Changed:      map[string]string{changedPassword: "Пароль змінено. Решту сеансів завершено."},
		Refusals: map[string]string{
			messagePresentPassword: "Поточний пароль неправильний.",
			messagePasswordsEmpty:  "Заповніть усі три поля.",
			messagePasswordsDiffer: "Новий пароль і його повтор не збігаються.",
		},
	},
	english: {
		Cancel:        "Go back without changes",
		PasswordTitle: "Change password",
		PasswordLead:  "After the change you stay signed in in this browser only: all other sessions end.",
		PasswordCode:  "To confirm the change, we will send a code to",
		Present:       "Current password", New: "New password", Repeat: "New password again",
		PasswordButton: "Change password",
		PasswordHint: "At least 12 characters; a few random words work well. Do not use a common password, your email or " +
			"one of your last three passwords.",
		PasswordNone: "You sign in without a password, so there is nothing to change.",
		Changed:      map[string]string{changedPassword: "The password was changed. All other sessions have ended."},
		Refusals: map[string]string{
			messagePresentPassword: "The current password is wrong.",
			messagePasswordsEmpty:  "Fill in all three fields.",
			messagePasswordsDiffer: "The new password and its repetition differ.",
		},
	},
}
